import { coerceInputValue, GraphQLScalarType } from 'graphql';

const PREFIX = 'Invalid value ';
const REASON = 'no';

const refusesAll = new GraphQLScalarType({
  name: 'Refusing',
  parseValue: () => {
    throw new Error(REASON);
  },
});

/** Writes a value as graphql-js does in its messages: it does not export the function, so one of its messages is read. */
export function inspectValue(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  try {
    coerceInputValue(value, refusesAll);
  } catch (error) {
    const { message } = error as Error;
    return message.slice(PREFIX.length, message.lastIndexOf(': Expected type'));
  }
  return '';
}
