import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';

/** One place where the composed graph departs from the API conventions: `rule coordinate`, as exceptions name it. */
export type Departure = string;

const EVENT_FIELDS = ['cursor', 'type', 'occurredAt', 'correlationId', 'subject', 'gap'];
const PAGE_ARGUMENTS = ['first', 'after', 'last', 'before'];
const BOOLEAN_NAME = /^(is|has|can|needs|allows)[A-Z]/;
/** A moment ends in `At`; the bound of a period says which side it bounds. */
const TIME_NAME = /At$|^(from|to|asOf)$|(From|Until|Before)$/;
/** Names that promise one value of a closed list. */
const CLOSED_LIST_NAME = /^(state|status|kind|type|phase|health|level|mode|effect|availableActions|verb)$/;
const MONEY_NAME = /(amount|cost|balance|budget|charged|reserved)$/i;

interface Member {
  readonly name: string;
  readonly type: GraphQLInputType | GraphQLOutputType;
}

/** What departs from the numbered rules of the API conventions, in order of the schema. */
export function departures(schema: GraphQLSchema): Departure[] {
  const found: Departure[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || isSpecifiedScalarType(type)) continue;
    found.push(...departuresOfMembers(type), ...departuresOfNode(type));
  }
  return [...found, ...departuresOfMutations(schema), ...departuresOfStreams(schema)];
}

function departuresOfMembers(type: GraphQLNamedType): Departure[] {
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).flatMap((field) => departuresOfName(type.name, field));
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => [
    ...departuresOfName(type.name, field),
    ...departuresOfList(type, field),
    ...field.args.flatMap((argument) => departuresOfName(`${type.name}.${field.name}`, argument)),
  ]);
}

/** Rules 4 and 5: times, booleans, money and closed lists are told by their names, and their names by them. */
function departuresOfName(owner: string, { name, type }: Member): Departure[] {
  const named = getNamedType(type).name;
  const found: Departure[] = [];
  if (named === 'DateTime' ? !TIME_NAME.test(name) : name.endsWith('At')) found.push(`time ${owner}.${name}`);
  if (named === 'Boolean' && !BOOLEAN_NAME.test(name)) found.push(`boolean ${owner}.${name}`);
  // The `type` of an event is open: packets register them.
  const isOpen = owner.endsWith('Event') && name === 'type';
  if (named === 'String' && CLOSED_LIST_NAME.test(name) && !isOpen) found.push(`enum ${owner}.${name}`);
  if (/^(Float|Int|BigInt|Decimal|String)$/.test(named) && MONEY_NAME.test(name)) found.push(`money ${owner}.${name}`);
  return found;
}

/** Rule 3: entities are listed by connections, and every connection pages both ways. */
function departuresOfList(owner: GraphQLNamedType, field: GraphQLField<unknown, unknown>): Departure[] {
  const named = getNamedType(field.type);
  if (named.name.endsWith('Connection') && !isListType(field.type)) {
    const missing = PAGE_ARGUMENTS.filter((name) => field.args.every((argument) => argument.name !== name));
    return missing.map((name) => `page ${owner.name}.${field.name}(${name})`);
  }
  const isList = isListType(isNonNullType(field.type) ? field.type.ofType : field.type);
  const isInConnection = owner.name.endsWith('Connection') && field.name === 'nodes';
  return isList && !isInConnection && (isEntity(named) || named.name === 'Node')
    ? [`connection ${owner.name}.${field.name}`]
    : [];
}

const isEntity = (type: GraphQLNamedType): boolean =>
  isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node');

/** Rule 6: one lifecycle is told by four fields. */
function departuresOfNode(type: GraphQLNamedType): Departure[] {
  if (!isObjectType(type) || !isEntity(type) || type.getFields()['availableActions'] === undefined) return [];
  const expected = ['state', 'stateReason', 'stateChangedAt'];
  return expected
    .filter((name) => type.getFields()[name] === undefined)
    .map((name) => `lifecycle ${type.name}.${name}`);
}

/** Rules 9 to 11: noun then verb, one `input`, a payload that is nullable but for its refusals. */
function departuresOfMutations(schema: GraphQLSchema): Departure[] {
  const found: Departure[] = [];
  for (const { name, args, type } of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    if (args.length !== 1 || args[0]?.name !== 'input' || !isNonNullType(args[0].type)) found.push(`input ${name}`);
    const payload = getNamedType(type) as GraphQLObjectType;
    for (const expected of ['userErrors', 'receipt'])
      if (payload.getFields()[expected] === undefined) found.push(`payload ${name}.${expected}`);
    for (const field of Object.values(payload.getFields()))
      if (isNonNullType(field.type) && field.name !== 'userErrors') found.push(`payload ${name}.${field.name}`);
    if (!isNounThenVerb(schema, name)) found.push(`name ${name}`);
  }
  return found;
}

/** It begins with the name of a type, and a verb follows: `apiKeyRevoke`, `allocationForceRelease`. */
function isNounThenVerb(schema: GraphQLSchema, mutation: string): boolean {
  const words = mutation.split(/(?=[A-Z])/);
  const nouns = words.map((_word, index) => words.slice(0, index).join('').toLowerCase());
  return Object.keys(schema.getTypeMap()).some((type) => nouns.includes(type.toLowerCase()));
}

/** Rules 15 to 17. */
function departuresOfStreams(schema: GraphQLSchema): Departure[] {
  const queries = schema.getQueryType()?.getFields() ?? {};
  return Object.values(schema.getSubscriptionType()?.getFields() ?? {}).flatMap(({ name, args, type }) => {
    const event = getNamedType(type) as GraphQLObjectType;
    const twin = queries[name];
    const found = EVENT_FIELDS.filter((field) => event.getFields()[field] === undefined).map(
      (field) => `event ${event.name}.${field}`,
    );
    if (args.every((argument) => argument.name !== 'after')) found.push(`stream ${name}(after)`);
    if (twin === undefined || getNamedType(twin.type) !== event) found.push(`twin ${name}`);
    if (!event.name.endsWith('Event')) found.push(`event ${event.name}`);
    return found;
  });
}
