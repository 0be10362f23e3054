import type { FetchDataRewrite } from '@apollo/query-planner';
import type { SelectionSetNode } from 'graphql';
import { mergedField, type MergeShape } from '../merge.js';
import type { FragmentMap } from '../../document-fragments.js';
import { fieldsOf } from './fetch-selection.js';
import { isFragmentStep } from './rewrites.js';

/** The shape while it is made: what is selected below each name. */
type Draft = Map<string, Draft | undefined>;

/**
 * What a fetch's selection brings, all type conditions together: a response name is a leaf or not, and means the same
 * shape, whatever the type (GraphQL specification, 5.3.2). Names that the planner's rewrites introduce belong to it.
 */
export function mergeShapeOf(
  selectionSet: SelectionSetNode,
  fragments: FragmentMap,
  outputRewrites: readonly FetchDataRewrite[] | undefined,
): MergeShape {
  const draft: Draft = new Map();
  collect(selectionSet, fragments, draft);
  for (const rewrite of outputRewrites ?? []) addRewritten(draft, rewrite);
  return shapeOf(draft);
}

function collect(selectionSet: SelectionSetNode, fragments: FragmentMap, draft: Draft): void {
  for (const { node } of fieldsOf(selectionSet, fragments)) {
    const name = (node.alias ?? node.name).value;
    const below = draft.get(name) ?? (node.selectionSet ? new Map<string, Draft | undefined>() : undefined);
    draft.set(name, below);
    if (node.selectionSet && below) collect(node.selectionSet, fragments, below);
  }
}

function addRewritten(draft: Draft, rewrite: FetchDataRewrite): void {
  const names = rewrite.path.filter((step) => !isFragmentStep(step));
  const last = names.pop();
  let parent: Draft | undefined = draft;
  for (const name of names) parent = parent?.get(name);
  if (!parent || last === undefined) return;
  if (rewrite.kind === 'ValueSetter') parent.set(last, parent.get(last));
  else parent.set(rewrite.renameKeyTo, parent.get(rewrite.renameKeyTo) ?? parent.get(last));
}

function shapeOf(draft: Draft): MergeShape {
  return { fields: [...draft].map(([name, below]) => mergedField(name, below && shapeOf(below))) };
}
