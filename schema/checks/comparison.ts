import type { Baseline } from './baseline.js';
import { CHANGELOG, changelogFindings } from './changelog.js';
import { DEPRECATIONS, deprecationFindings } from './deprecations.js';
import { eventChanges } from './event-changes.js';
import { overriddenFields, surfaceChanges } from './federation-surface.js';
import { type Finding, fault, notice } from './finding.js';
import { type SchemaChange, graphChanges, graphOf } from './graph-changes.js';
import { type SchemaFiles, filesIn } from './schema-files.js';

export const BREAKING = 'breaking changes';
export const DANGEROUS = 'dangerous changes';
export const COMPARISONS = [BREAKING, DANGEROUS, DEPRECATIONS, CHANGELOG];

/** What is compared: its name in the report, and what changed in it. */
interface Compared {
  readonly graph: string;
  readonly changes: readonly SchemaChange[];
}

export interface ComparisonInput {
  readonly before: Baseline;
  readonly after: SchemaFiles;
  readonly changelog: string;
  /** ISO 8601 date. */
  readonly today: string;
}

/**
 * Compares the API, each contract graph, each subgraph's surface and each event's schema with what they were. Graphs
 * that the earlier state has not are new: nothing of them can break.
 */
export async function comparisonFindings({ before, after, changelog, today }: ComparisonInput): Promise<Finding[]> {
  const api = [before.files.get('api.graphql'), after.get('api.graphql') ?? ''] as const;
  const compared = [
    { graph: 'api', changes: await changesOf(api[0], api[1], today) },
    ...(await contracts(before.files, after, today)),
    ...(await subgraphs(before.files, after, today)),
    ...events(before.files, after, today),
  ];
  const dangerous = compared[0]?.changes.filter(({ level }) => level === 'dangerous') ?? [];
  return [
    ...told(compared),
    ...deprecationFindings(api[0] === undefined ? null : graphOf(api[0]), graphOf(api[1]), today),
    ...(before.changelog === undefined
      ? []
      : changelogFindings({ before: before.changelog, after: changelog, isChanged: api[0] !== api[1], dangerous })),
  ];
}

async function changesOf(before: string | undefined, after: string, today: string): Promise<SchemaChange[]> {
  if (before === undefined || before === after) return [];
  if (after === '')
    return [{ coordinate: '', level: 'breaking', message: 'The graph was removed', refused: 'it is in use' }];
  return graphChanges(graphOf(before), graphOf(after), today);
}

async function contracts(before: SchemaFiles, after: SchemaFiles, today: string): Promise<Compared[]> {
  const later = filesIn(after, 'contracts');
  return Promise.all(
    [...filesIn(before, 'contracts')].map(async ([name, text]) => ({
      graph: `contract ${name}`,
      changes: await changesOf(text, later.get(name) ?? '', today),
    })),
  );
}

async function subgraphs(before: SchemaFiles, after: SchemaFiles, today: string): Promise<Compared[]> {
  const [earlier, later] = [filesIn(before, 'subgraphs'), filesIn(after, 'subgraphs')];
  const overridden = overriddenFields(earlier.values());
  return Promise.all(
    [...earlier].map(async ([name, text]) => {
      const now = later.get(name) ?? '';
      const taken = overridden.get(name) ?? new Set();
      const moved = await changesOf(text, now, today);
      const surface = [...surfaceChanges(text, now)].map(([coordinate, message]): SchemaChange => {
        return { coordinate, message, level: 'breaking', refused: 'gateways with an earlier supergraph ask for it' };
      });
      // What clients see as dangerous is told of the API; a subgraph's only client is the gateway.
      const changes = [...moved.filter(({ level }) => level === 'breaking'), ...surface];
      return {
        graph: `subgraph ${name}`,
        changes: changes.map((change) => (taken.has(change.coordinate) ? { ...change, refused: null } : change)),
      };
    }),
  );
}

function events(before: SchemaFiles, after: SchemaFiles, today: string): Compared[] {
  const later = filesIn(after, 'events');
  return [...filesIn(before, 'events')]
    .filter(([name]) => name !== 'asyncapi')
    .map(([type, text]) => ({ graph: 'events', changes: eventChanges(type, text, later.get(type), today) }));
}

/** One finding for each change, with all graphs that it is seen in. */
function told(compared: readonly Compared[]): Finding[] {
  const places = new Map<string, { readonly change: SchemaChange; readonly graphs: Set<string> }>();
  for (const { graph, changes } of compared) {
    for (const change of changes) {
      const key = `${change.level} ${change.message} ${change.refused ?? ''}`;
      const place = places.get(key) ?? { change, graphs: new Set() };
      place.graphs.add(graph);
      places.set(key, place);
    }
  }
  return [...places.values()].map(({ change: { level, message, refused }, graphs }) => {
    const where = `[${[...graphs].join(', ')}]`;
    if (level === 'dangerous') return notice(DANGEROUS, `${message} ${where}`);
    return refused === null
      ? notice(BREAKING, `${message}, as its deprecation announced ${where}`)
      : fault(BREAKING, `${message}: ${refused} ${where}`);
  });
}
