import { type GraphQLSchema, isAbstractType, isObjectType } from 'graphql';
import { refusedRemoval } from './deprecation.js';
import { type SchemaElement, elementsOf } from './elements.js';

const NOT_DEPRECATED = 'it was not deprecated before';

/** Decides whether elements of a graph may go, by what the graph said before. */
export class Removal {
  readonly #before: GraphQLSchema;
  readonly #after: GraphQLSchema;
  readonly #today: string;
  readonly #elements: ReadonlyMap<string, SchemaElement>;

  /** `today` is an ISO 8601 date. */
  constructor(before: GraphQLSchema, after: GraphQLSchema, today: string) {
    this.#before = before;
    this.#after = after;
    this.#today = today;
    this.#elements = elementsOf(before);
  }

  /** Why the element at this coordinate may not be removed or changed, or null when it may. */
  refused(coordinate: string): string | null {
    if (!coordinate.includes('.')) {
      const isThere = this.#after.getType(coordinate) !== undefined;
      return isThere || !this.#elements.has(coordinate) ? NOT_DEPRECATED : this.#refusedType(coordinate);
    }
    const [type = '', ...members] = coordinate.split('.');
    const owners = members.map((_member, index) => [type, ...members.slice(0, index + 1)].join('.'));
    const reasons = owners.toReversed().map((name) => this.#elements.get(name)?.deprecationReason);
    const due = reasons.find((reason) => refusedRemoval(reason, this.#today) === null);
    return refusedRemoval(due ?? reasons.find((reason) => typeof reason === 'string'), this.#today);
  }

  /** A type cannot be deprecated: it goes with what leads to it, and one of an interface or union with all its fields. */
  #refusedType(name: string): string | null {
    const uses = [...this.#elements.values()].filter(
      ({ type, coordinate }) => type?.replaceAll(/[[\]!]/g, '') === name && !this.#isOfRemovedType(coordinate),
    );
    const ways = uses.length > 0 ? uses.map(({ coordinate }) => coordinate) : this.#fieldsIfAbstractlyReached(name);
    for (const way of ways) {
      const refused = this.refused(way);
      if (refused !== null) return `${way}: ${refused}`;
    }
    return null;
  }

  /** Whether the whole type that owns this element is gone too: that removal is judged by itself. */
  #isOfRemovedType(coordinate: string): boolean {
    return this.#after.getType(coordinate.split('.', 1)[0] ?? '') === undefined;
  }

  #fieldsIfAbstractlyReached(name: string): string[] {
    const type = this.#before.getType(name);
    if (!isObjectType(type)) return [];
    const isMember = Object.values(this.#before.getTypeMap()).some(
      (other) => isAbstractType(other) && this.#before.isSubType(other, type),
    );
    return isMember ? Object.keys(type.getFields()).map((field) => `${name}.${field}`) : [];
  }
}
