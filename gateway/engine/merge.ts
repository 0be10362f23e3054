import { Failure, isObject } from './failure.js';
import { hasSafeName, readProperty, writeProperty, type JsonObject } from './json.js';

/** Tells the object types of the graph: an object's `__typename` is not replaced by that of an interface object. */
export type IsObjectTypeName = (name: unknown) => boolean;

/** What a fetch selects of an object, whatever its type: only this of an answer enters the data. */
export interface MergeShape {
  readonly fields: readonly MergedField[];
}

export interface MergedField {
  readonly name: string;
  readonly hasSafeName: boolean;
  /** What is selected below; undefined for a leaf, which is taken or left as one. */
  readonly below: MergeShape | undefined;
}

export function mergedField(name: string, below: MergeShape | undefined): MergedField {
  return { name, hasSafeName: hasSafeName(name), below };
}

/**
 * Merges what one more fetch answered into what is known. A value wins over null and over a failure, and a known concrete
 * `__typename` wins over the interface name that a subgraph with `@interfaceObject` answers. Of an answer that is shared
 * with others, the objects below are copied, because later fetches are merged into them.
 */
export function mergeInto(
  target: JsonObject,
  source: JsonObject,
  { fields }: MergeShape,
  isObjectTypeName: IsObjectTypeName,
  isShared = false,
): void {
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as MergedField;
    const { name } = field;
    const answered = field.hasSafeName ? source[name] : readProperty(source, name);
    if (answered === undefined) continue;
    const incoming = isShared && field.below ? copyOf(answered, field.below) : answered;
    const known = field.hasSafeName ? target[name] : readProperty(target, name);
    if (known === undefined) {
      if (field.hasSafeName) target[name] = incoming;
      else writeProperty(target, name, incoming);
    } else if (known !== incoming) {
      if (name === '__typename' && isObjectTypeName(known) && !isObjectTypeName(incoming)) continue;
      writeProperty(target, name, mergedValue(known, incoming, field.below, isObjectTypeName));
    }
  }
}

/** Of objects, what is selected; leaves are never changed. */
function copyOf(value: unknown, shape: MergeShape): unknown {
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (let i = 0; i < value.length; i++) items.push(copyOf(value[i], shape));
    return items;
  }
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  const { fields } = shape;
  for (let i = 0; i < fields.length; i++) {
    const { name, hasSafeName: isSafe, below } = fields[i] as MergedField;
    const answered = isSafe ? value[name] : readProperty(value, name);
    if (answered === undefined) continue;
    const copied = below ? copyOf(answered, below) : answered;
    if (isSafe) copy[name] = copied;
    else writeProperty(copy, name, copied);
  }
  return copy;
}

function mergedValue(
  known: unknown,
  incoming: unknown,
  below: MergeShape | undefined,
  isObjectTypeName: IsObjectTypeName,
): unknown {
  if (known === undefined || known === null || known instanceof Failure) {
    return incoming === null && known instanceof Failure ? known : incoming;
  }
  if (incoming === null || incoming instanceof Failure) return known;
  if (!below) return incoming;
  if (isObject(known) && isObject(incoming)) {
    mergeInto(known, incoming, below, isObjectTypeName);
    return known;
  }
  if (Array.isArray(known) && Array.isArray(incoming) && known.length === incoming.length) {
    for (let i = 0; i < incoming.length; i++) known[i] = mergedValue(known[i], incoming[i], below, isObjectTypeName);
    return known;
  }
  return incoming;
}
