import type { OnboardingPacket } from '../packet/onboarding-packet.js';

export const ENTRY_FAMILIES = [
  'permission',
  'audit_action',
  'usage_unit',
  'event_type',
  'quota_dimension',
  'policy_key',
  'status_component',
  'node_type',
] as const;
export type EntryFamily = (typeof ENTRY_FAMILIES)[number];

/** Families whose entries several products may declare, when they mean the same. */
export const SHARED_FAMILIES: ReadonlySet<EntryFamily> = new Set(['usage_unit', 'quota_dimension']);

/** One entry as a packet declares it. */
export interface DeclaredEntry {
  readonly family: EntryFamily;
  readonly key: string;
  readonly definition: Readonly<Record<string, unknown>>;
  /** Where it stands in the packet, for refusals. */
  readonly path: readonly string[];
}

type Section<Item> = readonly Item[] | { readonly notApplicable: unknown };

/** The items of a section; none when the packet says that it does not apply. */
export function itemsOf<Item>(section: Section<Item>): readonly Item[] {
  return 'notApplicable' in section ? [] : section;
}

/** Every entry of a packet. A permission is the audit action of its command too: it is entered in both families. */
export function declaredEntries(packet: OnboardingPacket): DeclaredEntry[] {
  const { registries } = packet;
  const entries: DeclaredEntry[] = [];
  const enter = <Item extends object>(
    family: EntryFamily,
    name: keyof typeof registries,
    section: Section<Item>,
    keyOf: (item: Item) => string,
  ): void => {
    for (const [index, item] of itemsOf(section).entries()) {
      const definition = item as Readonly<Record<string, unknown>>;
      entries.push({ family, key: keyOf(item), definition, path: ['registries', name, String(index)] });
    }
  };
  enter('permission', 'permissions', registries.permissions, (item) => item.id);
  for (const { key, definition, path } of entries.slice()) {
    entries.push({ family: 'audit_action', key, definition: { description: definition['description'] }, path });
  }
  enter('usage_unit', 'usageUnits', registries.usageUnits, (item) => item.id);
  enter('event_type', 'eventTypes', registries.eventTypes, (item) => item.id);
  enter('quota_dimension', 'quotaDimensions', registries.quotaDimensions, (item) => item.id);
  enter('policy_key', 'policyKeys', registries.policyKeys, (item) => item.key);
  enter('status_component', 'statusComponents', registries.statusComponents, (item) => item.id);
  enter('node_type', 'nodeTypes', registries.nodeTypes, (item) => item.prefix);
  return entries;
}

/** First segment of a permission, audit action or event type: the namespace, which belongs to one product. */
export function namespaceOf(entry: Pick<DeclaredEntry, 'family' | 'key'>): string | null {
  const isNamespaced =
    entry.family === 'permission' || entry.family === 'audit_action' || entry.family === 'event_type';
  return isNamespaced ? (entry.key.split('.', 1)[0] ?? null) : null;
}

/**
 * What an entry means, without words for people: an entry that is shared or in use may be described anew but never mean
 * something else, or what was counted under it would change after the fact.
 */
export function meaningOf(
  family: EntryFamily,
  definition: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | null {
  if (family === 'usage_unit') return { base: definition['base'], basePerUnit: definition['basePerUnit'] };
  if (family === 'quota_dimension') return { unit: definition['unit'] };
  if (family === 'node_type') return { type: definition['type'] };
  if (family === 'policy_key') return { type: definition['type'] };
  return null;
}
