import { Kind, print, visit, type ConstDirectiveNode, type DocumentNode, type FieldNode } from 'graphql';

/** Reserved by the GraphQL specification (2.1.3): no field has such a name, and no client should. */
const PREFIX = '__as_';

/** Where a supergraph says which fields are fetched for a subgraph's sake (https://specs.apollo.dev/join/). */
const FIELD_SETS = new Set(['key', 'requires']);

/**
 * The names that a client's fields have in the data which the fetches bring. They are the response names, except
 * - where a client gives one field the name of another that keys or requirements may need beside it: `{ book { id: upc } }`;
 * - in a graph with interface objects, where a name may mean other fields on other types: `... on Book { x: pages }
 *   ... on Film { x: minutes }`. What a subgraph resolves for the interface is asked of all types alike.
 *
 * The planner takes no care of either, and would send one for the other.
 */
export class DataNames {
  readonly #needed: ReadonlySet<string>;
  readonly #hasInterfaceObjects: boolean;

  constructor(supergraph: DocumentNode) {
    const needed = new Set<string>();
    let hasInterfaceObjects = false;
    const collect = ({ arguments: given = [] }: ConstDirectiveNode): undefined => {
      for (const { name, value } of given) {
        hasInterfaceObjects ||= name.value === 'isInterfaceObject' && value.kind === Kind.BOOLEAN && value.value;
        if (FIELD_SETS.has(name.value) && value.kind === Kind.STRING)
          for (const [word] of value.value.matchAll(/\w+/g)) needed.add(word);
      }
      return undefined;
    };
    visit(supergraph, { Directive: (node) => collect(node as ConstDirectiveNode) });
    this.#needed = needed;
    this.#hasInterfaceObjects = hasInterfaceObjects;
  }

  nameOf({ alias, arguments: given = [], name }: Pick<FieldNode, 'alias' | 'arguments' | 'name'>): string {
    const response = alias?.value ?? name.value;
    const isPlain = response === name.value;
    if (this.#hasInterfaceObjects && !name.value.startsWith('__') && (!isPlain || given.length > 0))
      return `${PREFIX}${hashOf([name, ...given].map(print).join())}_${response}`;
    if (isPlain) return response;
    return this.#needed.has(response) || response.startsWith(PREFIX) ? `${PREFIX}${response}` : response;
  }

  /** The operation as it is planned. Answers the same document if no name differs. */
  rename(document: DocumentNode): DocumentNode {
    return visit(document, {
      Field: (field) => {
        const name = this.nameOf(field);
        if (name === (field.alias ?? field.name).value) return undefined;
        return { ...field, alias: { kind: Kind.NAME, value: name } };
      },
    });
  }
}

/** A response name by the name in the data, for paths that a subgraph reports. */
export function responseNameOf(dataName: string): string {
  return dataName.startsWith(PREFIX) ? dataName.slice(PREFIX.length).replace(/^\d+_/, '') : dataName;
}

/** FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
