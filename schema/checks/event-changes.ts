import { isDeepStrictEqual } from 'node:util';
import { refusedRemoval } from './deprecation.js';
import type { SchemaChange } from './graph-changes.js';

/** The part of JSON Schema that events are described with; anything else is compared as it is. */
interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly deprecated?: boolean;
  readonly description?: string;
}

/** Keywords that say nothing about what may come. */
const ANNOTATIONS = new Set(['$schema', '$id', 'title', 'description', 'deprecated', 'default', 'examples']);
const STRUCTURE = new Set(['type', 'enum', 'properties', 'required', 'items', 'anyOf']);

/**
 * What consumers of an event may stumble over: data that they relied on is gone, or may be absent or of another kind.
 * A property or an event may go when it was marked `deprecated` and its description has named the day, as reasons of
 * GraphQL deprecations do.
 */
export function eventChanges(type: string, before: string, after: string | undefined, today: string): SchemaChange[] {
  const earlier = JSON.parse(before) as JsonSchema;
  if (after === undefined)
    return [
      {
        coordinate: type,
        level: 'breaking',
        message: `Event \`${type}\` was removed`,
        refused: refusal(earlier, today),
      },
    ];
  const found: SchemaChange[] = [];
  compare(type, earlier, JSON.parse(after) as JsonSchema, today, found);
  return found;
}

const refusal = ({ deprecated, description }: JsonSchema, today: string): string | null =>
  refusedRemoval(deprecated === true ? (description ?? '') : null, today);

function compare(at: string, before: JsonSchema, after: JsonSchema, today: string, found: SchemaChange[]): void {
  const refused = refusal(before, today);
  const add = (level: SchemaChange['level'], what: string): void => {
    found.push({ coordinate: at, level, message: `\`${at}\` ${what}`, refused: level === 'breaking' ? refused : null });
  };
  const types = typesOf(before);
  const more = typesOf(after).filter(
    (type) => !types.includes(type) && !(type === 'integer' && types.includes('number')),
  );
  if (more.length > 0) add('breaking', `may now be ${more.join(' or ')}, not only ${types.join(' or ')}`);
  compareValues(before, after, add);
  if (before.anyOf !== undefined || after.anyOf !== undefined) compareAlternatives(before, after, add);
  compareRest(before, after, add);
  if (before.items !== undefined) compare(`${at}[]`, before.items, after.items ?? {}, today, found);
  for (const [name, property] of Object.entries(before.properties ?? {})) {
    const current = after.properties?.[name];
    const place = `${at}.${name}`;
    if (current === undefined) {
      const message = `\`${place}\` was removed`;
      found.push({ coordinate: place, level: 'breaking', message, refused: refusal(property, today) });
      continue;
    }
    if (before.required?.includes(name) === true && after.required?.includes(name) !== true)
      found.push({
        coordinate: place,
        level: 'breaking',
        message: `\`${place}\` may now be absent`,
        refused: refusal(property, today),
      });
    compare(place, property, current, today, found);
  }
}

type Add = (level: SchemaChange['level'], what: string) => void;

const typesOf = ({ type }: JsonSchema): readonly string[] => (typeof type === 'string' ? [type] : (type ?? []));

function compareValues(before: JsonSchema, after: JsonSchema, add: Add): void {
  if (before.enum === undefined) return;
  if (after.enum === undefined) return add('breaking', 'is no longer one of a closed list');
  const more = after.enum.filter((value) => before.enum?.includes(value) !== true);
  if (more.length > 0) add('dangerous', `has new values: ${more.join(', ')}`);
}

function compareAlternatives(before: JsonSchema, after: JsonSchema, add: Add): void {
  const alternatives = before.anyOf ?? [];
  const more = (after.anyOf ?? []).filter((one) => !alternatives.some((other) => isDeepStrictEqual(one, other)));
  if (after.anyOf === undefined || more.length > 0)
    add('breaking', `has other alternatives: ${JSON.stringify(after.anyOf ?? 'none')}`);
}

/** Bounds, formats, patterns: a change can go either way, so it is told. */
function compareRest(before: JsonSchema, after: JsonSchema, add: Add): void {
  const keywords = new Set([...Object.keys(before), ...Object.keys(after)]);
  for (const keyword of keywords) {
    if (ANNOTATIONS.has(keyword) || STRUCTURE.has(keyword)) continue;
    if (isDeepStrictEqual(before[keyword], after[keyword])) continue;
    const level = keyword === 'const' || keyword === 'format' || keyword.startsWith('x-') ? 'breaking' : 'dangerous';
    add(
      level,
      `has another ${keyword}: ${JSON.stringify(after[keyword] ?? null)} after ${JSON.stringify(before[keyword] ?? null)}`,
    );
  }
}
