import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type InputObjectTypeDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  type TypeDefinitionNode,
  type TypeNode,
  isTypeDefinitionNode,
  parse,
  print,
} from 'graphql';
import type { Audience } from '../../kernel/federation/audience.js';
import { reachableTypes } from './reachable-types.js';
import { isWithin, taggedAudiences } from './tagged-audiences.js';

const INACCESSIBLE: ConstDirectiveNode = {
  kind: Kind.DIRECTIVE,
  name: { kind: Kind.NAME, value: 'inaccessible' },
  arguments: [],
};
const LINK = 'extend schema @link(url: "https://specs.apollo.dev/inaccessible/v0.2", for: SECURITY)';
const DEFINITION =
  'directive @inaccessible on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION';

/**
 * The supergraph of a contract: what is for a wider audience is marked `@inaccessible`, so that the gateway can still
 * fetch keys and requirements of it while clients neither see nor name it. The rules are those of Apollo's contract
 * graphs, with one order of audiences: a field needs a tag of its own or of its type, no tag of either may be for a
 * wider audience, and types that nothing visible leads to go too. `internal` is the whole graph.
 */
export function contractSupergraph(supergraphSdl: string, contract: Audience): string {
  if (contract === 'internal') return supergraphSdl;
  const document = parse(supergraphSdl, { noLocation: true });
  const marked = withoutEmptyTypes(document.definitions.map((definition) => withHiddenMembers(definition, contract)));
  const reachable = reachableTypes({ ...document, definitions: marked });
  const definitions = marked.map((definition) =>
    isTypeDefinitionNode(definition) && !isMachinery(definition) && !reachable.has(definition.name.value)
      ? hidden(definition)
      : definition,
  );
  return print(withInaccessible({ ...document, definitions }));
}

/** Types of the join and link specifications, such as `join__Graph`: never seen, and not to be marked. */
const isMachinery = ({ name }: TypeDefinitionNode): boolean => name.value.includes('__');

interface Markable {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

const isHidden = ({ directives = [] }: Markable): boolean =>
  directives.some(({ name }) => name.value === INACCESSIBLE.name.value);

const hidden = <Node extends Markable>(node: Node): Node =>
  isHidden(node) ? node : { ...node, directives: [...(node.directives ?? []), INACCESSIBLE] };

function withHiddenMembers(definition: DefinitionNode, contract: Audience): DefinitionNode {
  const keep = <Node extends Markable>(node: Node): Node => (isWithin(contract, node) ? node : hidden(node));
  switch (definition.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION: {
      const isTagged = taggedAudiences(definition).length > 0;
      const fields = definition.fields?.map((field) => {
        const withArguments = { ...field, arguments: field.arguments?.map(keep) ?? [] };
        return isTagged || taggedAudiences(field).length > 0 ? keep(withArguments) : hidden(withArguments);
      });
      return keep({ ...definition, fields: fields ?? [] });
    }
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return keep({ ...definition, fields: definition.fields?.map(keep) ?? [] });
    case Kind.ENUM_TYPE_DEFINITION:
      return keep({ ...definition, values: definition.values?.map(keep) ?? [] });
    case Kind.SCALAR_TYPE_DEFINITION:
    case Kind.UNION_TYPE_DEFINITION:
      return keep(definition);
    default:
      return definition;
  }
}

/** Hides what is left without a member, and then the fields and arguments of hidden types, until nothing changes. */
function withoutEmptyTypes(definitions: readonly DefinitionNode[]): readonly DefinitionNode[] {
  const gone = new Set(
    definitions.filter(isTypeDefinitionNode).flatMap((type) => (isHidden(type) ? [type.name.value] : [])),
  );
  const next = definitions.map((definition) => withoutTypes(definition, gone));
  const isSettled = next.every((definition, index) => definition === definitions[index]);
  return isSettled ? next : withoutEmptyTypes(next);
}

function withoutTypes(definition: DefinitionNode, gone: ReadonlySet<string>): DefinitionNode {
  if (!isTypeDefinitionNode(definition) || isHidden(definition) || isMachinery(definition)) return definition;
  switch (definition.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION: {
      const fields = changed(definition.fields ?? [], (field) => {
        if (gone.has(namedType(field.type))) return hidden(field);
        const args = changed(field.arguments ?? [], (argument) => hideIfGone(argument, gone));
        return args === field.arguments ? field : { ...field, arguments: args };
      });
      if (fields.every(isHidden)) return hidden(definition);
      return fields === definition.fields ? definition : { ...definition, fields };
    }
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return withoutInputs(definition, gone);
    case Kind.ENUM_TYPE_DEFINITION:
      return definition.values?.every(isHidden) === true ? hidden(definition) : definition;
    case Kind.UNION_TYPE_DEFINITION:
      return definition.types?.every(({ name }) => gone.has(name.value)) === true ? hidden(definition) : definition;
    default:
      return definition;
  }
}

function withoutInputs(definition: InputObjectTypeDefinitionNode, gone: ReadonlySet<string>): DefinitionNode {
  const fields = changed(definition.fields ?? [], (field) => hideIfGone(field, gone));
  if (fields.every(isHidden)) return hidden(definition);
  return fields === definition.fields ? definition : { ...definition, fields };
}

const hideIfGone = (input: InputValueDefinitionNode, gone: ReadonlySet<string>): InputValueDefinitionNode =>
  gone.has(namedType(input.type)) ? hidden(input) : input;

/** The same array when no item changes. */
function changed<Item>(items: readonly Item[], change: (item: Item) => Item): readonly Item[] {
  const next = items.map(change);
  return next.every((item, index) => item === items[index]) ? items : next;
}

const namedType = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type));

function withInaccessible(document: DocumentNode): DocumentNode {
  const isDefined = document.definitions.some(
    (node) => node.kind === Kind.DIRECTIVE_DEFINITION && node.name.value === INACCESSIBLE.name.value,
  );
  if (isDefined) return document;
  const [extension] = parse(LINK, { noLocation: true }).definitions;
  const definitions = document.definitions.map((node) =>
    node.kind === Kind.SCHEMA_DEFINITION && extension?.kind === Kind.SCHEMA_EXTENSION
      ? { ...node, directives: [...(node.directives ?? []), ...(extension.directives ?? [])] }
      : node,
  );
  return { ...document, definitions: [...definitions, ...parse(DEFINITION, { noLocation: true }).definitions] };
}
