import type { GraphQLSchema } from 'graphql';
import { type Finding, fault } from './finding.js';
import { type SchemaElement, elementsOf } from './elements.js';

export const DESCRIPTIONS = 'descriptions';

/** Rule 8: every element has a description that says more than its name. Root types need none. */
export function descriptionFindings(schema: GraphQLSchema): Finding[] {
  const roots = new Set(
    [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].map((type) => type?.name),
  );
  return [...elementsOf(schema).values()].flatMap((element) => {
    if (roots.has(element.coordinate)) return [];
    if (!element.description) return [fault(DESCRIPTIONS, `${element.coordinate} has no description`)];
    return repeatsItsName(element)
      ? [fault(DESCRIPTIONS, `${element.coordinate}: its description only repeats its name: "${element.description}"`)]
      : [];
  });
}

/** The words of a name or a text, in lower case, without articles and plurals. */
function wordsOf(text: string): string[] {
  const words =
    text
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  return words.filter((word) => !/^(a|an|the|of|its|this|s)$/.test(word)).map((word) => word.replace(/s$/, ''));
}

/** Whether a description has no word that is not already in the element's own name. */
function repeatsItsName({ name, description }: SchemaElement): boolean {
  const known = new Set(wordsOf(name));
  return wordsOf(description ?? '').every((word) => known.has(word));
}
