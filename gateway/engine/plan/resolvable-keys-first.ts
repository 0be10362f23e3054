import { visit, type ConstDirectiveNode, type DocumentNode } from 'graphql';
import { booleanArgument } from './join-directives.js';

/**
 * Puts keys that a subgraph resolves before those that it does not. The planner comes back to a subgraph, with what
 * `@requires` asks for, by the first key that it finds there, and does not look whether that one can be resolved.
 */
export function resolvableKeysFirst(supergraph: DocumentNode): DocumentNode {
  const sorted = <Node extends { readonly directives?: readonly ConstDirectiveNode[] | undefined }>(
    node: Node,
  ): Node => {
    const { directives = [] } = node;
    const last = directives.filter(isUnresolvableKey);
    if (last.length === 0) return node;
    return { ...node, directives: [...directives.filter((directive) => !isUnresolvableKey(directive)), ...last] };
  };
  return visit(supergraph, { ObjectTypeDefinition: sorted, InterfaceTypeDefinition: sorted });
}

/** `@join__type(graph: …, key: "…", resolvable: false)` (https://specs.apollo.dev/join/v0.3/#@join__type). */
function isUnresolvableKey(directive: ConstDirectiveNode): boolean {
  return directive.name.value === 'join__type' && booleanArgument(directive, 'resolvable') === false;
}
