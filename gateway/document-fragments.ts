import { type DocumentNode, type FragmentDefinitionNode, Kind } from 'graphql';

export type FragmentMap = ReadonlyMap<string, FragmentDefinitionNode>;

/** The fragments that a document defines, in its order. */
export function fragmentsIn(document: DocumentNode): FragmentDefinitionNode[] {
  return document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
}

/** The fragments that a document defines, by name. */
export function fragmentsOf(document: DocumentNode): FragmentMap {
  return new Map(fragmentsIn(document).map((fragment) => [fragment.name.value, fragment]));
}
