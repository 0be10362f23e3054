/** A GraphQL document that means harm, and the codes by which it may be refused. */
export interface HostileDocument {
  readonly name: string;
  readonly text: string;
  readonly codes: readonly string[];
}

const PARSE = ['GRAPHQL_PARSE_FAILED'];
const VALIDATION = ['GRAPHQL_VALIDATION_FAILED'];
const COMPLEX = ['QUERY_TOO_COMPLEX'];
const INPUT = ['BAD_USER_INPUT'];

const times = (count: number, write: (index: number) => string, between = ' '): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(between);
const nested = (levels: number, open: string, core: string): string => open.repeat(levels) + core + '}'.repeat(levels);

/** Documents against the shop graph of the tests, with the default limits. */
export function hostileDocuments(): readonly HostileDocument[] {
  return [...deep(), ...floods(), ...fragments(), ...overlaps(), ...introspection(), ...literals(), ...texts()];
}

function deep(): HostileDocument[] {
  const friends = 'friends { ';
  return [
    { name: 'nesting', text: `{ me { ${nested(30, friends, 'id ')} } }`, codes: COMPLEX },
    { name: 'nesting without end', text: `{ me { ${friends.repeat(5_000)}`, codes: COMPLEX },
    { name: 'nesting by inline fragments', text: `{ ${nested(200, '... { ', 'me { id } ')} }`, codes: COMPLEX },
    { name: 'nested lists', text: `{ user(id: ${'['.repeat(3_000)}${']'.repeat(3_000)}) { id } }`, codes: COMPLEX },
    {
      name: 'nested objects',
      text: `{ user(id: ${'{a:'.repeat(1_500)}1${'}'.repeat(1_500)}) { id } }`,
      codes: COMPLEX,
    },
    {
      name: 'nested types of variables',
      text: `query($a: ${'['.repeat(2_000)}Int${']'.repeat(2_000)}) { me { id } }`,
      codes: COMPLEX,
    },
    {
      name: 'nesting by fragments',
      text: `{ me { ...F0 } } ${times(40, (i) => `fragment F${i} on User { friends { ...F${i + 1} } }`)} fragment F40 on User { id }`,
      codes: COMPLEX,
    },
  ];
}

function floods(): HostileDocument[] {
  return [
    { name: 'aliases', text: `{ ${times(1_000, (i) => `a${i}: me { id }`)} }`, codes: COMPLEX },
    { name: 'aliases below the root', text: `{ me { ${times(1_000, (i) => `a${i}: name`)} } }`, codes: COMPLEX },
    { name: 'root fields', text: `{ ${times(100, () => 'me { id }')} }`, codes: COMPLEX },
    { name: 'fields', text: `{ me { ${times(4_000, () => 'id')} } }`, codes: COMPLEX },
    { name: 'tokens', text: `{ me { ${times(9_000, () => 'id')} } }`, codes: COMPLEX },
    { name: 'unknown fields', text: `{ ${times(40, (i) => `unknownFieldNumber${i}`)} }`, codes: VALIDATION },
    { name: 'long unknown fields', text: `{ ${times(20, (i) => `${'u'.repeat(4_000)}${i}`)} }`, codes: VALIDATION },
    { name: 'directives', text: `{ me { id ${times(1_000, () => '@include(if: true)')} } }`, codes: COMPLEX },
    { name: 'unknown directives', text: `{ me { id ${times(1_000, (i) => `@d${i}`)} } }`, codes: COMPLEX },
    {
      name: 'directives on an operation',
      text: `query ${times(1_000, (i) => `@d${i}`)} { me { id } }`,
      codes: COMPLEX,
    },
    { name: 'operations', text: times(400, (i) => `query Q${i} { me { id } }`), codes: COMPLEX },
    { name: 'operations of the same name', text: times(40, () => 'query Q { me { id } }'), codes: VALIDATION },
    { name: 'variables', text: `query(${times(1_200, (i) => `$v${i}: Int`)}) { me { id } }`, codes: COMPLEX },
    {
      name: 'variables of unknown types',
      text: `query(${times(1_200, (i) => `$v${i}: T${i}`)}) { me { id } }`,
      codes: COMPLEX,
    },
    { name: 'arguments', text: `{ user(${times(1_500, (i) => `a${i}: 1`)}) { id } }`, codes: VALIDATION },
    { name: 'the same argument', text: `{ user(${times(1_500, () => 'id: 1')}) { id } }`, codes: VALIDATION },
    {
      name: 'fields of an input',
      text: `{ user(id: { ${times(1_500, (i) => `a${i}: 1`)} }) { id } }`,
      codes: VALIDATION,
    },
    { name: 'comments', text: `${'#\n'.repeat(200_000)}{ me { id } }`, codes: COMPLEX },
    { name: 'commas', text: `{ me ${','.repeat(400_000)} { id } }`, codes: COMPLEX },
    { name: 'white space', text: `{ me ${' \n'.repeat(300_000)} { id } }`, codes: COMPLEX },
    {
      name: 'definitions of types',
      text: times(500, (i) => `type T${i} { a: Int }`),
      codes: [...VALIDATION, ...COMPLEX],
    },
    {
      name: 'arguments of a field that lists',
      text: `{ me { ${times(150, (i) => `w${i}: wishes(first: ${i}) { id }`)} ${times(100, (i) => `x${i}: id`)} } }`,
      codes: COMPLEX,
    },
  ];
}

function fragments(): HostileDocument[] {
  const twice = (length: number, last: string): string =>
    `${times(length, (i) => `fragment F${i} on User { ...F${i + 1} f${i}: friends { ...F${i + 1} } }`)} fragment F${length} on User { ${last} }`;
  const ring = (length: number): string =>
    times(length, (i) => `fragment C${i} on User { ...C${(i + 1) % length} ...C${(i + 1) % length} }`);
  return [
    { name: 'a fragment in itself', text: '{ me { ...A } } fragment A on User { ...A }', codes: VALIDATION },
    {
      name: 'a fragment below itself',
      text: '{ me { ...A } } fragment A on User { friends { ...A } }',
      codes: VALIDATION,
    },
    {
      name: 'a cycle of fragments',
      text: `{ me { ...C0 } } ${times(50, (i) => `fragment C${i} on User { ...C${(i + 1) % 50} }`)}`,
      codes: VALIDATION,
    },
    { name: 'a cycle of fragments that doubles', text: `{ me { ...C0 } } ${ring(40)}`, codes: COMPLEX },
    { name: 'a cycle that nobody spreads', text: `{ me { id } } ${ring(40)}`, codes: COMPLEX },
    {
      name: 'a cycle that branches below itself',
      text: '{ me { ...A } } fragment A on User { a: friends { ...A } b: friends { ...A } }',
      codes: [...VALIDATION, ...COMPLEX],
    },
    { name: 'fragments that double', text: `{ me { ...F0 } } ${twice(18, 'id')}`, codes: COMPLEX },
    {
      name: 'fragments that double without a field',
      text: `{ me { ...D0 } } ${times(25, (i) => `fragment D${i} on User { ...D${i + 1} ...D${i + 1} }`)} fragment D25 on User { id }`,
      codes: COMPLEX,
    },
    {
      name: 'one fragment spread often',
      text: `{ me { ${times(1_000, () => '...A')} } } fragment A on User { id }`,
      codes: COMPLEX,
    },
    {
      name: 'many fragments',
      text: `{ me { ${times(600, (i) => `...A${i}`)} } } ${times(600, (i) => `fragment A${i} on User { id }`)}`,
      codes: COMPLEX,
    },
    {
      name: 'fragments that nobody spreads',
      text: `{ me { id } } ${times(500, (i) => `fragment A${i} on User { id }`)}`,
      codes: VALIDATION,
    },
    { name: 'fragments that do not exist', text: `{ me { ${times(90, (i) => `...A${i}`)} } }`, codes: VALIDATION },
    {
      name: 'fragments of the same name',
      text: `{ me { ...A } } ${times(400, () => 'fragment A on User { id }')}`,
      codes: [...VALIDATION, ...COMPLEX],
    },
  ];
}

function overlaps(): HostileDocument[] {
  const grid = (width: number): string => times(width, (i) => `...G${i}`);
  return [
    { name: 'the same field', text: `{ me { ${times(1_500, () => 'id')} } }`, codes: COMPLEX },
    {
      name: 'the same field with fields',
      text: `{ me { ${times(300, () => 'friends { id name }')} } }`,
      codes: COMPLEX,
    },
    {
      name: 'the same field by fragments',
      text: `{ me { ${grid(200)} } } ${times(200, (i) => `fragment G${i} on User { friends { id id } }`)}`,
      codes: COMPLEX,
    },
    {
      name: 'the same fields, deep',
      text: `{ ${nested(8, 'me { ', 'id ')} ${times(300, () => 'me { friends { friends { id } } }')} }`,
      codes: [...COMPLEX, ...VALIDATION],
    },
    {
      name: 'fields that conflict',
      text: `{ me { ${times(100, (i) => `x: wishes(first: ${i}) { id }`)} } }`,
      codes: VALIDATION,
    },
    {
      name: 'fields that conflict, deep',
      text: `{ me { ${times(60, (i) => `friends { friends { x: ${i % 2 ? 'id' : 'name'} } }`)} } }`,
      codes: VALIDATION,
    },
  ];
}

function introspection(): HostileDocument[] {
  const types = '{ types { name fields { name type { name fields { name type { name } } } } } }';
  const deepTypes = (levels: number): string =>
    nested(levels, 'fields { type { ', 'name ').replace(/$/, '}'.repeat(levels));
  return [
    { name: 'the whole graph many times', text: `{ ${times(50, (i) => `s${i}: __schema ${types}`)} }`, codes: COMPLEX },
    {
      name: 'types of fields of types',
      text: `{ __schema { types { ${deepTypes(6)} } } }`,
      codes: [...VALIDATION, ...COMPLEX],
    },
    {
      name: 'one type many times',
      text: `{ ${times(50, (i) => `t${i}: __type(name: "User") { ${deepTypes(2)} }`)} ${times(200, (i) => `u${i}: __typename`)} }`,
      codes: COMPLEX,
    },
  ];
}

function literals(): HostileDocument[] {
  const user = (id: string): string => `{ user(id: ${id}) { id } }`;
  return [
    { name: 'a long string', text: user(`"${'x'.repeat(900_000)}"`), codes: COMPLEX },
    { name: 'a long block string', text: user(`"""${'\n x'.repeat(150_000)}"""`), codes: COMPLEX },
    { name: 'a block string of blank lines', text: user(`"""${'\n'.repeat(90_000)}`), codes: PARSE },
    { name: 'a string without end', text: '{ user(id: "u1) { id } }', codes: PARSE },
    {
      name: 'an integer of many digits',
      text: `{ me { wishes(first: ${'9'.repeat(90_000)}) { id } } }`,
      codes: VALIDATION,
    },
    { name: 'a number of a large exponent', text: '{ me { wishes(first: 1e99999) { id } } }', codes: VALIDATION },
    { name: 'half of a surrogate pair', text: user(String.raw`"\ud83d"`), codes: [...PARSE, ...INPUT] },
    { name: 'U+0000', text: user(String.raw`"\u0000"`), codes: INPUT },
    { name: 'a character beyond Unicode', text: user(String.raw`"\u{110000}"`), codes: PARSE },
    { name: 'a list where there is none', text: user(`[${times(2_000, () => '1', ',')}]`), codes: VALIDATION },
  ];
}

function texts(): HostileDocument[] {
  return [
    { name: 'nothing but white space', text: ' \n ', codes: PARSE },
    { name: 'nothing but a comment', text: '# { me { id } }', codes: PARSE },
    { name: 'a control character', text: '{ me\u0007 { id } }', codes: PARSE },
    { name: 'another language', text: "SELECT * FROM users; DROP TABLE users; --'", codes: PARSE },
    { name: 'the names of prototypes', text: '{ constructor __proto__ toString }', codes: VALIDATION },
    { name: 'a type in place of another', text: '{ __typename: me { id } }', codes: VALIDATION },
    {
      name: 'long names',
      text: `{ ${'a'.repeat(90_000)}: me { id } }`.replace('me { id }', 'nothing'),
      codes: VALIDATION,
    },
    { name: 'a long name of a type', text: `{ me { ... on ${'U'.repeat(50_000)} { id } } }`, codes: VALIDATION },
    {
      name: 'a subscription of many roots',
      text: 'subscription { a: userEvents { cursor } b: userEvents { cursor } }',
      codes: VALIDATION,
    },
    { name: 'a hidden field', text: '{ me { passwordHash } }', codes: VALIDATION },
    {
      name: 'what federation asks',
      text: '{ _service { sdl } _entities(representations: []) { __typename } }',
      codes: VALIDATION,
    },
  ];
}
