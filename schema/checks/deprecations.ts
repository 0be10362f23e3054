import type { GraphQLSchema } from 'graphql';
import { earliestRemoval, parseDeprecation } from './deprecation.js';
import { type SchemaElement, elementsOf } from './elements.js';
import { type Finding, fault } from './finding.js';

export const DEPRECATIONS = 'deprecations';

/**
 * Rule 19: the reason of a deprecation names a replacement that exists and the day on which the element goes; that day
 * is two quarters ahead when the deprecation is new, and does not move nearer afterwards.
 */
export function deprecationFindings(before: GraphQLSchema | null, after: GraphQLSchema, today: string): Finding[] {
  const elements = elementsOf(after);
  const earlier = before === null ? new Map<string, SchemaElement>() : elementsOf(before);
  return [...elements.values()].flatMap(({ coordinate, deprecationReason }) => {
    if (deprecationReason === null || deprecationReason === undefined) return [];
    const deprecation = parseDeprecation(deprecationReason);
    if (typeof deprecation === 'string') return [fault(DEPRECATIONS, `${coordinate}: its reason has ${deprecation}`)];
    const unknown = deprecation.replacements.filter((replacement) => !elements.has(replacement));
    const faults = unknown.map((name) => fault(DEPRECATIONS, `${coordinate}: its replacement ${name} does not exist`));
    const known = earlier.get(coordinate)?.deprecationReason;
    const promised = known === null || known === undefined ? null : parseDeprecation(known);
    const least = promised === null || typeof promised === 'string' ? earliestRemoval(today) : promised.goesOn;
    if (deprecation.goesOn < least)
      faults.push(fault(DEPRECATIONS, `${coordinate} goes on ${deprecation.goesOn}: not before ${least} is allowed`));
    return faults;
  });
}
