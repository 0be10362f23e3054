/** An explicit null of an optional field says the same as leaving it out; commands know only the latter. */
export function givenFields(input: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null && value !== undefined));
}
