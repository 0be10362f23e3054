import { Kind, visit, type DirectiveNode, type DocumentNode, type SelectionNode } from 'graphql';

const TYPE_NAME: SelectionNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/** The operation without its conditions and variables, for given values of those. Where nothing is left, a type's name. */
export function decided(document: DocumentNode, values: Readonly<Record<string, boolean>>): DocumentNode {
  const isTrue = ({ arguments: given }: DirectiveNode): boolean => {
    const condition = given?.find(({ name }) => name.value === 'if')?.value;
    if (condition?.kind === Kind.VARIABLE) return values[condition.name.value] === true;
    return condition?.kind === Kind.BOOLEAN && condition.value;
  };
  const decide = (selection: SelectionNode): SelectionNode | null => {
    const directives = selection.directives ?? [];
    const isLeftOut = directives.some(({ name }, i) => {
      const directive = directives[i] as DirectiveNode;
      return (name.value === 'skip' && isTrue(directive)) || (name.value === 'include' && !isTrue(directive));
    });
    if (isLeftOut) return null;
    return { ...selection, directives: directives.filter(({ name }) => !['skip', 'include'].includes(name.value)) };
  };
  return visit(document, {
    Field: { leave: decide },
    InlineFragment: { leave: decide },
    FragmentSpread: { leave: decide },
    SelectionSet: { leave: (set) => (set.selections.length > 0 ? undefined : { ...set, selections: [TYPE_NAME] }) },
    OperationDefinition: { leave: (definition) => ({ ...definition, variableDefinitions: [] }) },
  });
}
