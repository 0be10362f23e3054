import { OperationTypeNode, Kind, type OperationDefinitionNode } from 'graphql';
import { fragmentsIn } from '../document-fragments.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import type { GatewayOperation } from '../engine/engine.js';
import type { AccessRules } from './access-rules.js';
import type { StoredDocument } from './document-store.js';
import { withoutIntrospection } from './without-introspection.js';

/** Variants of one operation kept, by the permissions that callers lack. */
const VARIANTS_MAX = 32;

interface Known {
  readonly permissions: readonly string[];
  readonly variants: Map<string, GatewayOperation>;
}

/**
 * Turns a valid operation into the one that a caller may run. The same caller rights give the same object, so that
 * engines find their plan by identity. Entries live as long as the document store keeps the document.
 */
export class OperationStore {
  readonly #access: AccessRules;
  readonly #known = new WeakMap<OperationDefinitionNode, Known>();

  constructor(access: AccessRules) {
    this.#access = access;
  }

  /**
   * Throws `FORBIDDEN`, naming the permission, if the caller may not run a mutation as it stands, or not open a
   * subscription's stream. In queries, and in what follows an event, denied fields are taken out and answered null.
   */
  async authorize(
    stored: StoredDocument,
    definition: OperationDefinitionNode,
    holds: (permission: string) => boolean | Promise<boolean>,
  ): Promise<GatewayOperation> {
    const known = this.#find(stored, definition);
    const held = await Promise.all(known.permissions.map(async (permission) => holds(permission)));
    return this.variant(
      stored,
      definition,
      known.permissions.filter((_permission, index) => held[index] !== true),
    );
  }

  /** The operation if nothing in it takes a permission. */
  free(stored: StoredDocument, definition: OperationDefinitionNode): GatewayOperation | undefined {
    const { permissions } = this.#find(stored, definition);
    return permissions.length === 0 ? this.variant(stored, definition, permissions) : undefined;
  }

  /** The operation of a caller who lacks these permissions; throws as {@link authorize} does. */
  variant(stored: StoredDocument, definition: OperationDefinitionNode, lacking: readonly string[]): GatewayOperation {
    const { permissions, variants } = this.#find(stored, definition);
    const missing = permissions.filter((permission) => lacking.includes(permission));
    const key = missing.join('\n');
    let variant = variants.get(key);
    if (!variant) {
      variant = this.#variant(stored, definition, missing);
      if (variants.size >= VARIANTS_MAX) variants.clear();
      variants.set(key, variant);
    }
    return variant;
  }

  #find(stored: StoredDocument, definition: OperationDefinitionNode): Known {
    const existing = this.#known.get(definition);
    if (existing) return existing;
    const permissions = this.#access.isEmpty
      ? []
      : this.#access.touched({ kind: Kind.DOCUMENT, definitions: [definition, ...fragmentsIn(stored.document)] });
    const known = { permissions, variants: new Map<string, GatewayOperation>() };
    this.#known.set(definition, known);
    return known;
  }

  #variant(stored: StoredDocument, definition: OperationDefinitionNode, missing: readonly string[]): GatewayOperation {
    const { document } = stored;
    if (missing.length === 0) return { document, definition, fetched: withoutIntrospection({ document, definition }) };
    const denials = this.#access.denials(new Set(missing));
    const filtered = this.#access.withoutDenied(
      { kind: Kind.DOCUMENT, definitions: [definition, ...fragmentsIn(document)] },
      denials,
    );
    const remaining = filtered.document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    if (remaining?.kind !== Kind.OPERATION_DEFINITION) throw new Error('filtering keeps the operation');
    const isRefused =
      (definition.operation === OperationTypeNode.MUTATION && filtered.isChanged) ||
      (definition.operation === OperationTypeNode.SUBSCRIPTION && isEmpty(remaining));
    if (isRefused) throw forbidden(missing);
    const fetched = withoutIntrospection({ document: filtered.document, definition: remaining });
    return { document, definition, fetched, denials, missing };
  }
}

/** Filtering leaves `__typename` where every selected field was denied. */
function isEmpty({ selectionSet }: OperationDefinitionNode): boolean {
  const [field] = selectionSet.selections;
  return field?.kind === Kind.FIELD && field.name.value === '__typename';
}

function forbidden(missing: readonly string[]): PlatformError {
  const permission = missing[0] ?? '';
  return new PlatformError('FORBIDDEN', `You lack the permission "${permission}".`, { requires: permission, missing });
}
