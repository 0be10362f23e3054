import { type FieldNode, Kind, parse, print, visit } from 'graphql';

/** One root field of a query, as a query of its own: the same for the same field, however it is named. */
export interface RootField {
  readonly name: string;
  readonly responseName: string;
  /** The variables it uses, which are `v0`, `v1`, … in its own query. */
  readonly variables: readonly string[];
  /** Answers the field as `value`. */
  readonly query: string;
}

/** Throws unless the text is one query of fields, without fragments on the root. */
export function rootFieldsOf(text: string): readonly RootField[] {
  const [definition] = parse(text, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`no query: ${text}`);
  const types = new Map(
    definition.variableDefinitions?.map(({ type, variable }) => [variable.name.value, print(type)]),
  );
  return definition.selectionSet.selections.map((selection) => {
    if (selection.kind !== Kind.FIELD) throw new Error(`no root field: ${print(selection)}`);
    return rootField(selection, types);
  });
}

function rootField(field: FieldNode, types: ReadonlyMap<string, string>): RootField {
  const variables: string[] = [];
  const own = visit(field, {
    Variable: ({ name }) => {
      if (!variables.includes(name.value)) variables.push(name.value);
      return { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: `v${variables.indexOf(name.value)}` } };
    },
  });
  const value = print({ ...own, alias: { kind: Kind.NAME, value: 'value' } });
  const definitions = variables.map((variable, index) => `$v${index}: ${types.get(variable)}`).join(', ');
  return {
    name: field.name.value,
    responseName: (field.alias ?? field.name).value,
    variables,
    query: `query ${definitions === '' ? '' : `(${definitions})`} { ${value} }`,
  };
}
