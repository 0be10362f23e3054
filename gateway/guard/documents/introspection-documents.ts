import { getIntrospectionQuery, type IntrospectionOptions } from 'graphql';

const OPTIONS = [
  'descriptions',
  'specifiedByUrl',
  'directiveIsRepeatable',
  'schemaDescription',
  'inputValueDeprecation',
  'oneOf',
] as const satisfies readonly (keyof IntrospectionOptions)[];

/** What GraphiQL and code generators ask by, with every combination of graphql-js's options. */
export function introspectionDocuments(): string[] {
  const combinations = Array.from({ length: 2 ** OPTIONS.length }, (_, bits) =>
    getIntrospectionQuery(Object.fromEntries(OPTIONS.map((option, index) => [option, (bits & (1 << index)) !== 0]))),
  );
  return [...new Set(combinations)];
}
