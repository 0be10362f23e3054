import { canonicalJson } from '../../../../kernel/commands/canonical-hash.js';
import type { Refusal } from '../../../../kernel/errors/refusal.js';
import { type DeclaredEntry, type EntryFamily, SHARED_FAMILIES, meaningOf, namespaceOf } from './declared-entries.js';

interface OwnedEntry {
  readonly family: EntryFamily;
  readonly key: string;
  readonly productId: string;
  readonly definition: Readonly<Record<string, unknown>>;
}

/**
 * What keeps a product from declaring its entries: an id or a namespace that another product owns (also one that was
 * retired), or a unit, dimension, node type or policy key that would mean something else than before.
 */
export function ownershipFaults(
  productId: string,
  declared: readonly DeclaredEntry[],
  existing: readonly OwnedEntry[],
): Refusal[] {
  const byName = Map.groupBy(existing, (entry) => `${entry.family} ${entry.key}`);
  const namespaces = namespaceOwners(existing);
  const faults: Refusal[] = [];
  for (const entry of declared.filter(({ family }) => family !== 'audit_action')) {
    const same = byName.get(`${entry.family} ${entry.key}`) ?? [];
    const stranger = same.find((other) => other.productId !== productId);
    const namespace = namespaceOf(entry);
    const namespaceOwner = namespace === null ? undefined : namespaces.get(namespace);
    if (stranger !== undefined && !SHARED_FAMILIES.has(entry.family)) {
      faults.push(
        taken(entry, `${entry.family} "${entry.key}" belongs to product ${stranger.productId}`, stranger.productId),
      );
    } else if (namespace !== null && namespaceOwner !== undefined && namespaceOwner !== productId) {
      faults.push(taken(entry, `"${namespace}." is the namespace of product ${namespaceOwner}`, namespaceOwner));
    } else if (same.some((other) => !meansTheSame(entry, other))) {
      faults.push({
        code: 'CONFLICT',
        message: `${entry.family} "${entry.key}" is registered with another meaning, which never changes: register a new id instead.`,
        field: ['input', 'packet', ...entry.path],
        details: {
          family: entry.family,
          id: entry.key,
          registered: meaningOf(entry.family, same[0]?.definition ?? {}),
        },
      });
    }
  }
  return faults;
}

function meansTheSame(declared: DeclaredEntry, other: OwnedEntry): boolean {
  return (
    canonicalJson(meaningOf(declared.family, declared.definition)) ===
    canonicalJson(meaningOf(declared.family, other.definition))
  );
}

function namespaceOwners(existing: readonly OwnedEntry[]): Map<string, string> {
  const owners = new Map<string, string>();
  for (const entry of existing) {
    const namespace = namespaceOf(entry);
    if (namespace !== null) owners.set(namespace, entry.productId);
  }
  return owners;
}

function taken(entry: DeclaredEntry, message: string, owner: string): Refusal {
  return {
    code: 'ALREADY_EXISTS',
    message: `${message}.`,
    field: ['input', 'packet', ...entry.path],
    details: { family: entry.family, id: entry.key, ownerProductId: owner },
  };
}
