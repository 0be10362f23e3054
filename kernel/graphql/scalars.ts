import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { DateTimeResolver, JSONObjectResolver } from 'graphql-scalars';

/** RFC 3339 in UTC; a `Date` inside. */
export const DateTime = DateTimeResolver;
/** Any JSON object. Used only where the shape belongs to somebody else (manifests, metadata, schemas). */
export const JsonObject = JSONObjectResolver;

function fromText<Internal>(scalar: {
  name: string;
  description: string;
  parse: (text: string) => Internal | null;
  print: (value: unknown) => string;
}): GraphQLScalarType<Internal, string> {
  const parse = (value: unknown): Internal => {
    const parsed = typeof value === 'string' ? scalar.parse(value) : null;
    if (parsed === null)
      throw new GraphQLError(
        `${scalar.name} expects text such as its description shows, got ${JSON.stringify(value)?.slice(0, 60)}`,
      );
    return parsed;
  };
  return new GraphQLScalarType<Internal, string>({
    name: scalar.name,
    description: scalar.description,
    serialize: scalar.print,
    parseValue: parse,
    parseLiteral: (node) => parse(node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : undefined),
  });
}

/** A 64-bit integer as decimal text. */
export const BigIntScalar = fromText<bigint>({
  name: 'BigInt',
  description: 'A whole number of any size, as decimal text such as "9007199254740993".',
  parse: (text) => (/^-?\d{1,30}$/.test(text) ? BigInt(text) : null),
  print: (value) => (value as bigint | number | string).toString(),
});

/** A decimal number as text: money and rates. A float never touches it. */
export const Decimal = fromText<string>({
  name: 'Decimal',
  description: 'A decimal number as text with at most nine fractional digits, such as "12.50". Never a float.',
  parse: (text) => (/^-?\d{1,18}(\.\d{1,9})?$/.test(text) ? text : null),
  print: (value) => String(value),
});

/** Where a stream or a page continues; opaque. */
export const Cursor = fromText<string>({
  name: 'Cursor',
  description:
    'An opaque position in a list or a stream. Take it from an edge or an event, and hand it back unchanged.',
  parse: (text) => (text.length > 0 && text.length <= 512 ? text : null),
  print: (value) => String(value),
});
