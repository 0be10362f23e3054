import {
  getNamedType,
  isAbstractType,
  isEnumType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';

/** A small deterministic generator of numbers (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Writes random valid operations over any schema: aliases, fragments, conditions, arguments. */
export class OperationWriter {
  readonly #schema: GraphQLSchema;
  readonly #ids: readonly string[];
  readonly #random: () => number;
  readonly #deferChance: number;
  readonly #depth: number;
  #fragments: string[] = [];
  #aliases = 0;

  constructor(
    schema: GraphQLSchema,
    ids: readonly string[],
    random: () => number,
    { deferChance = 0, depth = 5 }: { readonly deferChance?: number; readonly depth?: number } = {},
  ) {
    this.#deferChance = deferChance;
    this.#depth = depth;
    this.#schema = schema;
    this.#ids = ids;
    this.#random = random;
  }

  /** An operation with the variables `$yes` (true) and `$no` (false). */
  write(): string {
    this.#fragments = [];
    this.#aliases = 0;
    const mutation = this.#schema.getMutationType();
    const root = mutation && this.#random() < 0.1 ? mutation : this.#schema.getQueryType();
    if (!root) throw new Error('the schema has no query type');
    const selection = this.#selection(root, this.#depth);
    const keyword = root === mutation ? 'mutation' : 'query';
    const sentinel = '__typename @include(if: $yes) @skip(if: $no)';
    return `${keyword} Random($yes: Boolean!, $no: Boolean = false) { ${selection} ${sentinel} } ${this.#fragments.join(' ')}`;
  }

  #selection(type: GraphQLCompositeType, depth: number): string {
    const parts: string[] = [];
    if (isObjectType(type) || isInterfaceType(type)) {
      const fields = Object.values(type.getFields());
      const count = 1 + Math.floor(this.#random() * Math.min(4, fields.length));
      for (let i = 0; i < count; i++) parts.push(this.#field(this.#pick(fields), depth));
    }
    if (isAbstractType(type)) {
      for (const possible of this.#schema.getPossibleTypes(type))
        if (this.#random() < 0.5) parts.push(this.#fragment(possible, depth));
    }
    if (this.#deferChance > 0 && depth > 0 && this.#random() < this.#deferChance)
      parts.push(this.#fragment(type, depth));
    if (this.#random() < 0.2) parts.push('__typename');
    const written = parts.filter((part) => part !== '').join(' ');
    return written === '' ? '__typename' : written;
  }

  #fragment(type: GraphQLCompositeType, depth: number): string {
    const selection = this.#selection(type, depth - 1);
    if (this.#random() < 0.5) return `... on ${type.name}${this.#condition()}${this.#defer()} { ${selection} }`;
    const name = `F${this.#fragments.length}_${type.name}`;
    this.#fragments.push(`fragment ${name} on ${type.name} { ${selection} }`);
    return `...${name}${this.#condition()}${this.#defer()}`;
  }

  #defer(): string {
    if (this.#deferChance === 0 || this.#random() > this.#deferChance) return '';
    const chance = this.#random();
    return chance < 0.7 ? ' @defer' : chance < 0.85 ? ' @defer(if: $yes)' : ' @defer(if: $no)';
  }

  #field(field: { name: string; type: unknown; args: readonly GraphQLArgument[] }, depth: number): string {
    const named = getNamedType(field.type as GraphQLInputType) as unknown as GraphQLCompositeType;
    const isLeaf = isLeafType(named);
    if (!isLeaf && depth <= 0) return '';
    // Every field gets an alias of its own, so that no two selections conflict.
    const alias = `${field.name.slice(0, 3)}${this.#aliases++}`;
    const name =
      this.#random() < 0.7 || field.args.length > 0 ? `${alias}: ${field.name}` : alias && `${alias}: ${field.name}`;
    const selection = isLeaf ? '' : ` { ${this.#selection(named, depth - 1)} }`;
    return `${name}${this.#arguments(field.args)}${this.#condition()}${selection}`;
  }

  #arguments(args: readonly GraphQLArgument[]): string {
    const given = args.filter(
      ({ type, defaultValue }) => (isNonNullType(type) && defaultValue === undefined) || this.#random() < 0.5,
    );
    if (given.length === 0) return '';
    return `(${given.map(({ name, type }) => `${name}: ${this.#value(type)}`).join(', ')})`;
  }

  #value(type: GraphQLInputType): string {
    if (isNonNullType(type)) return this.#value(type.ofType);
    if (isListType(type)) return `[${this.#value(type.ofType)}]`;
    if (isEnumType(type)) return this.#pick(type.getValues()).name;
    switch (type.name) {
      case 'ID':
        return JSON.stringify(this.#pick(this.#ids));
      case 'Int':
        return String(Math.floor(this.#random() * 4));
      case 'Boolean':
        return String(this.#random() < 0.5);
      default:
        return '"text"';
    }
  }

  #condition(): string {
    const chance = this.#random();
    if (chance > 0.15) return '';
    return chance < 0.05 ? ' @skip(if: $no)' : chance < 0.1 ? ' @include(if: $yes)' : ' @include(if: $no)';
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.#random() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}
