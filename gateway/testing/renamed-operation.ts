import {
  getOperationAST,
  isAbstractType,
  isObjectType,
  Kind,
  parse,
  print,
  validate,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type InlineFragmentNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** Names that aliases are given: those of keys among them. */
const NAMES = ['x', 'y', 'id', 'name'];

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/** One operation, and the same with other response names: selection for selection. */
export interface RenamedOperation {
  readonly plain: DocumentNode;
  readonly renamed: DocumentNode;
}

/**
 * Lets as many aliases as may be have the same name, or that of another field, on different types above all. The type
 * of each object is asked for, and fragments are put in place, so that the answers can be compared.
 * Undefined if no alias could be renamed.
 */
export function renameAtRandom(
  schema: GraphQLSchema,
  document: DocumentNode,
  random: () => number,
): RenamedOperation | undefined {
  const text = print(inlined(document));
  let renamed = parse(text, { noLocation: true });
  const count = fieldCount(renamed);
  let isChanged = false;
  for (let index = 0; index < count; index++) {
    const name = NAMES[Math.floor(random() * (NAMES.length + 2))];
    const candidate = withAlias(renamed, index, name);
    if (mergesFields(candidate) || validate(schema, candidate).length > 0) continue;
    renamed = candidate;
    isChanged = true;
  }
  return isChanged ? { plain: parse(text, { noLocation: true }), renamed } : undefined;
}

function fieldCount(document: DocumentNode): number {
  let count = 0;
  visit(document, { Field: () => void count++ });
  return count;
}

/** Without a name, the field gets its own. */
function withAlias(document: DocumentNode, index: number, name: string | undefined): DocumentNode {
  let at = -1;
  return visit(document, {
    Field: (field) => {
      at++;
      if (at !== index || field.name.value === '__typename') return undefined;
      return { ...field, alias: name === undefined ? undefined : { kind: Kind.NAME, value: name } };
    },
  });
}

/** Whether two selections are one field: then what is null in the one may take the other along. */
function mergesFields(document: DocumentNode): boolean {
  let isMerging = false;
  const collect = ({ selections }: SelectionSetNode, seen: Set<string>): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet, seen);
      if (selection.kind !== Kind.FIELD || selection.name.value === '__typename') continue;
      const use = `${responseName(selection)} ${[selection.name, ...(selection.arguments ?? [])].map(print).join()}`;
      isMerging ||= seen.has(use);
      seen.add(use);
    }
  };
  visit(document, {
    OperationDefinition: ({ selectionSet }) => collect(selectionSet, new Set()),
    Field: ({ selectionSet }) => selectionSet && collect(selectionSet, new Set()),
  });
  return isMerging;
}

function inlined(document: DocumentNode): DocumentNode {
  const definition = getOperationAST(document);
  if (!definition) throw new Error('no operation');
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const inSelection = (selection: SelectionNode): FieldNode | InlineFragmentNode => {
    if (selection.kind === Kind.FIELD)
      return selection.selectionSet ? { ...selection, selectionSet: inSet(selection.selectionSet) } : selection;
    if (selection.kind === Kind.INLINE_FRAGMENT) return { ...selection, selectionSet: inSet(selection.selectionSet) };
    const { directives } = selection;
    const fragment = fragments.get(selection.name.value);
    if (!fragment) throw new Error(`no fragment ${selection.name.value}`);
    const { selectionSet, typeCondition } = fragment;
    return { kind: Kind.INLINE_FRAGMENT, typeCondition, directives, selectionSet: inSet(selectionSet) };
  };
  const inSet = (selectionSet: SelectionSetNode): SelectionSetNode => {
    const others = selectionSet.selections.filter((one) => one.kind !== Kind.FIELD || one.name.value !== '__typename');
    return { ...selectionSet, selections: [TYPENAME, ...others.map(inSelection)] };
  };
  return { ...document, definitions: [{ ...definition, selectionSet: inSet(definition.selectionSet) }] };
}

type Json = null | string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

/** Where the data of the renamed operation is not that of the plain one. */
export function differencesByName(
  schema: GraphQLSchema,
  { plain, renamed }: RenamedOperation,
  answers: { readonly plain: unknown; readonly renamed: unknown },
): string[] {
  const differences: string[] = [];
  const compareSelections = (
    selections: readonly [SelectionSetNode, SelectionSetNode],
    values: readonly [Record<string, Json>, Record<string, Json>],
    path: string,
  ): void => {
    const [left, right] = selections;
    left.selections.forEach((selection, index) => {
      const other = right.selections[index];
      if (!other || other.kind !== selection.kind) throw new Error('the operations do not match');
      if (selection.kind === Kind.FIELD && other.kind === Kind.FIELD) {
        const [name, otherName] = [responseName(selection), responseName(other)];
        compare([selection, other], [values[0][name], values[1][otherName]], `${path}.${name}`);
      } else if (selection.kind === Kind.INLINE_FRAGMENT && other.kind === Kind.INLINE_FRAGMENT) {
        if (applies(schema, selection, values[0]))
          compareSelections([selection.selectionSet, other.selectionSet], values, path);
      }
    });
  };
  const compare = (
    nodes: readonly [FieldNode, FieldNode],
    [value, other]: readonly [Json | undefined, Json | undefined],
    path: string,
  ): void => {
    const [left, right] = [nodes[0].selectionSet, nodes[1].selectionSet];
    if (Array.isArray(value) && Array.isArray(other) && value.length === other.length)
      value.forEach((item: Json, index) => compare(nodes, [item, other[index] as Json], `${path}.${index}`));
    else if (left && right && isObject(value) && isObject(other))
      compareSelections([left, right], [value, other], path);
    else if (JSON.stringify(value) !== JSON.stringify(other))
      differences.push(`${path}: ${JSON.stringify(value)}, renamed ${JSON.stringify(other)}`);
  };
  const [definition, other] = [getOperationAST(plain), getOperationAST(renamed)];
  if (!definition || !other) throw new Error('no operation');
  if (isObject(answers.plain as Json) && isObject(answers.renamed as Json))
    compareSelections(
      [definition.selectionSet, other.selectionSet],
      [answers.plain as Record<string, Json>, answers.renamed as Record<string, Json>],
      'data',
    );
  else if (answers.plain !== answers.renamed) differences.push('data is null once');
  return differences;
}

function isObject(value: Json | undefined): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function responseName({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}

function applies(schema: GraphQLSchema, { typeCondition }: InlineFragmentNode, value: Record<string, Json>): boolean {
  const { __typename: name } = value;
  const condition = typeCondition?.name.value;
  if (condition === undefined || condition === name) return true;
  const [type, conditionType] = [schema.getType(name as string), schema.getType(condition)];
  return isAbstractType(conditionType) && isObjectType(type) && schema.isSubType(conditionType, type);
}
