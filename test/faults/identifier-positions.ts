import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLOutputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';

type Input = GraphQLArgument | GraphQLInputField;

/** A place in the arguments of a field where an identifier goes, and of what it may be one. */
export interface IdentifierPosition {
  readonly path: readonly string[];
  readonly isList: boolean;
  readonly isRequired: boolean;
  /** TypeID prefixes; null when nothing tells, so that any identifier may be meant. */
  readonly prefixes: readonly string[] | null;
}

/** What names alone do not tell: an argument that may name one of several types. */
const SEVERAL: Readonly<Record<string, readonly string[]>> = {
  scopeId: ['org', 'dep', 'prj'],
  principalId: ['usr', 'grp', 'sva'],
  actorId: ['usr', 'sva'],
  revokeBindingId: ['rbd'],
  // A lease is no object of the graph: its identifier is good with the fence and the work item only.
  leaseId: [],
};

/** Every place for an identifier in the arguments of a root field, down into its input objects. */
export function identifierPositions(
  field: GraphQLField<unknown, unknown>,
  prefixOfType: ReadonlyMap<string, string>,
): IdentifierPosition[] {
  const answered = prefixOfType.get(entityOf(field.type)?.name ?? '');
  const found: IdentifierPosition[] = [];
  const visit = (inputs: readonly Input[], path: readonly string[], isInRequired: boolean): void => {
    for (const input of inputs) {
      const type = getNamedType(input.type);
      const isRequired = isInRequired && isNonNullType(input.type);
      const here = [...path, input.name];
      if (isInputObjectType(type)) visit(Object.values(type.getFields()), here, isRequired);
      if (!isIdentifier(input)) continue;
      const prefixes = prefixesOf(input.name, answered, prefixOfType);
      found.push({ path: here, isList: hasList(input.type), isRequired, prefixes });
    }
  };
  visit(field.args, [], true);
  return found;
}

function isIdentifier({ name, type }: Input): boolean {
  const scalar = getNamedType(type).name;
  return scalar === 'ID' || (scalar === 'String' && /[a-z]Ids?$/.test(name) && name !== 'correlationId');
}

function prefixesOf(
  name: string,
  answered: string | undefined,
  prefixOfType: ReadonlyMap<string, string>,
): readonly string[] | null {
  if (name === 'id') return answered === undefined ? null : [answered];
  if (SEVERAL[name] !== undefined) return SEVERAL[name];
  const noun = name.replace(/Ids?$/, '').toLowerCase();
  const matching = [...prefixOfType].filter(([type]) => type.toLowerCase().endsWith(noun)).map(([, prefix]) => prefix);
  return matching.length === 0 ? null : matching;
}

/** The entity that a field answers: itself, or the one in a mutation's payload. */
function entityOf(type: GraphQLOutputType): { name: string } | undefined {
  const named = getNamedType(type);
  if (!isObjectType(named) || !named.name.endsWith('Payload')) return named;
  const entities = Object.values(named.getFields()).map((field) => getNamedType(field.type));
  return entities.find((entity) => isObjectType(entity) && entity.getInterfaces().some(({ name }) => name === 'Node'));
}

function hasList(type: GraphQLInputType): boolean {
  if (isNonNullType(type)) return hasList(type.ofType);
  return isListType(type);
}

/** Values by argument (`sku`), or by field and argument (`memberInvite.subject`), where a type alone is not enough. */
export type Examples = Readonly<Record<string, unknown>>;

/** Arguments of a field with everything that must be there, and the examples that it has a place for; no identifiers. */
export function exampleArguments(field: GraphQLField<unknown, unknown>, examples: Examples): Record<string, unknown> {
  const build = (inputs: readonly Input[]): Record<string, unknown> => {
    const built: Record<string, unknown> = {};
    for (const input of inputs) {
      const type = getNamedType(input.type);
      const example = examples[`${field.name}.${input.name}`];
      if (isIdentifier(input)) continue;
      if (example !== undefined) built[input.name] = example;
      else if (isNonNullType(input.type)) {
        const own = isInputObjectType(type) ? build(Object.values(type.getFields())) : leafOf(input, examples);
        built[input.name] = hasList(input.type) && !Array.isArray(own) ? [own] : own;
      }
    }
    return built;
  };
  return build(field.args);
}

const LEAVES: Readonly<Record<string, unknown>> = {
  String: 'example',
  Int: 1,
  Float: 1,
  Boolean: true,
  Decimal: '1.00',
  BigInt: '1',
  JSONObject: {},
};

function leafOf(input: Input, examples: Examples): unknown {
  const type = getNamedType(input.type);
  if (isEnumType(type)) return type.getValues()[0]?.name;
  return examples[input.name] ?? LEAVES[type.name];
}

/** Puts a value at a path, making the objects on the way. A list on the way holds one object. */
export function putAt(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const known = target[name];
  const inner = (Array.isArray(known) ? known[0] : known) as Record<string, unknown> | undefined;
  if (inner === undefined) target[name] = {};
  putAt(inner ?? (target[name] as Record<string, unknown>), rest, value);
}
