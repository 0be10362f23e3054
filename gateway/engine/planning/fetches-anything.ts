import { Kind, type DocumentNode, type SelectionNode, type SelectionSetNode } from 'graphql';
import { fragmentsOf } from '../../document-fragments.js';
import { operationOf } from '../plan/fetch-selection.js';

/** Whether a document's operation selects a field of the root that a subgraph has to answer, for some variables. */
export function fetchesAnything(document: DocumentNode): boolean {
  const fragments = fragmentsOf(document);
  const selects = ({ selections }: SelectionSetNode): boolean => selections.some(isFetched);
  const isFetched = (selection: SelectionNode): boolean => {
    if (isNeverIncluded(selection)) return false;
    if (selection.kind === Kind.FIELD) return !selection.name.value.startsWith('__');
    if (selection.kind === Kind.INLINE_FRAGMENT) return selects(selection.selectionSet);
    const fragment = fragments.get(selection.name.value);
    return fragment !== undefined && selects(fragment.selectionSet);
  };
  return selects(operationOf(document).selectionSet);
}

function isNeverIncluded({ directives = [] }: SelectionNode): boolean {
  return directives.some(({ name, arguments: given = [] }) => {
    const [condition] = given;
    if (condition?.value.kind !== Kind.BOOLEAN) return false;
    return (name.value === 'skip' && condition.value.value) || (name.value === 'include' && !condition.value.value);
  });
}
