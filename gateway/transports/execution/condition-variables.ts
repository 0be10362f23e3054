import { type DocumentNode, Kind, visit } from 'graphql';

/** The names, in order, of the variables that directives of these names take. */
export function conditionVariables(document: DocumentNode, directives: ReadonlySet<string>): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive(directive) {
      if (!directives.has(directive.name.value)) return;
      for (const { value } of directive.arguments ?? []) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names].sort();
}
