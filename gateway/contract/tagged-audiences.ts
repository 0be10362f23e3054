import { Kind, type ConstDirectiveNode } from 'graphql';
import { AUDIENCES, type Audience } from '../../kernel/federation/audience.js';

interface Tagged {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

const isAudience = (name: string): name is Audience => (AUDIENCES as readonly string[]).includes(name);

/** The audiences that the `@tag`s of an element itself name; other tags are none of ours. */
export function taggedAudiences({ directives = [] }: Tagged): Audience[] {
  return directives.flatMap((directive) => {
    const value = directive.arguments?.find((argument) => argument.name.value === 'name')?.value;
    return directive.name.value === 'tag' && value?.kind === Kind.STRING && isAudience(value.value)
      ? [value.value]
      : [];
  });
}

/** Whether all audiences that an element's tags name can be seen in a contract. An element without any can. */
export function isWithin(contract: Audience, element: Tagged): boolean {
  return taggedAudiences(element).every((audience) => AUDIENCES.indexOf(audience) <= AUDIENCES.indexOf(contract));
}
