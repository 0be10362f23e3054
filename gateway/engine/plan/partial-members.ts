import type { FetchNode, PlanNode, SubscriptionNode } from '@apollo/query-planner';
import {
  Kind,
  parse,
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type EnumTypeDefinitionNode,
  type FieldDefinitionNode,
  type FieldNode,
  type InputObjectTypeDefinitionNode,
  type InterfaceTypeDefinitionNode,
  type ObjectTypeDefinitionNode,
  type ScalarTypeDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type UnionTypeDefinitionNode,
} from 'graphql';
import { booleanArgument, enumArgument, isExternal, namedType, serviceNames, textArgument } from './join-directives.js';
import { replaceFetches, withDocument } from './replace-fetches.js';

type NamedType =
  | EnumTypeDefinitionNode
  | InputObjectTypeDefinitionNode
  | InterfaceTypeDefinitionNode
  | ObjectTypeDefinitionNode
  | ScalarTypeDefinitionNode
  | UnionTypeDefinitionNode;

/**
 * Where several subgraphs resolve a field, and know other members of its union (or implementations of its interface),
 * Apollo's planner fetches only what is selected on members that all of them know. So it is told that they all know all
 * members, and what a subgraph does not know is taken out of the plan again: there, nothing is of such a type.
 */
export class PartialMembers {
  /** The supergraph for the planner; the same one if no subgraph was made to know more than it does. */
  readonly supergraph: DocumentNode;
  readonly #types = new Map<string, NamedType>();
  /** Names of the object types by that of an interface. */
  readonly #implementations = new Map<string, string[]>();
  readonly #services: ReadonlyMap<string, string>;
  /** Types that a service does not have, and members that an abstract type does not have there: `service type [member]`. */
  readonly #pretended = new Set<string>();

  constructor(supergraph: DocumentNode) {
    this.#services = serviceNames(supergraph);
    for (const one of supergraph.definitions) if (isNamedType(one)) this.#index(one);
    for (const type of this.#types.values()) for (const field of outputFields(type)) this.#completeMembers(type, field);
    const isSame = this.#pretended.size === 0;
    this.supergraph = isSame
      ? supergraph
      : {
          ...supergraph,
          definitions: supergraph.definitions.map((one) =>
            isNamedType(one) ? (this.#types.get(one.name.value) ?? one) : one,
          ),
        };
  }

  /** Takes out of a plan what subgraphs were only said to know. */
  restore(root: PlanNode | SubscriptionNode): PlanNode | SubscriptionNode {
    return this.#pretended.size === 0 ? root : replaceFetches(root, (fetch) => [this.#restored(fetch)]);
  }

  #index(type: NamedType): void {
    this.#types.set(type.name.value, type);
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION) return;
    for (const { name } of type.interfaces ?? [])
      this.#implementations.set(name.value, [...(this.#implementations.get(name.value) ?? []), type.name.value]);
  }

  #completeMembers(parent: NamedType, field: FieldDefinitionNode): void {
    const abstract = this.#types.get(namedType(field.type));
    if (abstract?.kind !== Kind.UNION_TYPE_DEFINITION && abstract?.kind !== Kind.INTERFACE_TYPE_DEFINITION) return;
    // What knows the interface as an object has no implementations, and needs none.
    const graphs = resolvingGraphs(parent, field).filter((graph) => !isInterfaceObject(abstract, graph));
    if (graphs.length < 2) return;
    const all = new Set(graphs.flatMap((graph) => this.#membersIn(abstract, graph)));
    for (const graph of graphs) {
      const known = new Set(this.#membersIn(abstract, graph));
      for (const member of all.difference(known)) this.#addMember(abstract.name.value, member, graph);
    }
  }

  #membersIn(abstract: NamedType, graph: string): string[] {
    if (abstract.kind === Kind.UNION_TYPE_DEFINITION) return namesIn(abstract, 'join__unionMember', 'member', graph);
    const { value: name } = abstract.name;
    return (this.#implementations.get(name) ?? []).filter((implementation) => {
      const type = this.#types.get(implementation);
      return type && namesIn(type, 'join__implements', 'interface', graph).includes(name);
    });
  }

  #addMember(abstractName: string, member: string, graph: string): void {
    const key = `${this.#services.get(graph)} ${abstractName} ${member}`;
    if (this.#pretended.has(key)) return;
    this.#pretended.add(key);
    const abstract = this.#types.get(abstractName);
    if (abstract?.kind === Kind.UNION_TYPE_DEFINITION)
      this.#add(abstractName, joined('join__unionMember', graph, ['member', member]));
    else this.#add(member, joined('join__implements', graph, ['interface', abstractName]));
    this.#addType(member, graph);
  }

  /** Without a key: nobody goes there for it. */
  #addType(name: string, graph: string): void {
    const type = this.#types.get(name);
    if (!type || graphsOf(type, 'join__type').includes(graph)) return;
    this.#pretended.add(`${this.#services.get(graph)} ${name}`);
    this.#add(name, joined('join__type', graph));
    this.#addContents(name, graph);
  }

  #addContents(name: string, graph: string): void {
    const type = this.#types.get(name);
    if (type?.kind === Kind.UNION_TYPE_DEFINITION)
      for (const member of type.types ?? []) this.#addMember(name, member.name.value, graph);
    else if (type?.kind === Kind.ENUM_TYPE_DEFINITION)
      this.#types.set(name, { ...type, values: type.values?.map((value) => inGraph(value, 'join__enumValue', graph)) });
    else if (type && type.kind !== Kind.SCALAR_TYPE_DEFINITION) this.#addFields(type, graph);
  }

  #addFields(
    type: InputObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | ObjectTypeDefinitionNode,
    graph: string,
  ): void {
    const fields = (type.fields ?? []) as readonly FieldDefinitionNode[];
    this.#types.set(type.name.value, {
      ...type,
      fields: fields.map((field) => inGraphIfJoined(field, graph)),
    } as NamedType);
    for (const field of fields) {
      this.#addType(namedType(field.type), graph);
      for (const argument of field.arguments ?? []) this.#addType(namedType(argument.type), graph);
    }
  }

  #add(name: string, directive: ConstDirectiveNode): void {
    const type = this.#types.get(name);
    if (type) this.#types.set(name, { ...type, directives: [...(type.directives ?? []), directive] });
  }

  #restored(fetch: FetchNode): FetchNode {
    const document = parse(fetch.operation, { noLocation: true });
    let isChanged = false;
    const definitions = document.definitions.map((definition): DefinitionNode => {
      if (definition.kind !== Kind.OPERATION_DEFINITION) return definition;
      const selectionSet = this.#known(definition.selectionSet, rootName(definition.operation), fetch.serviceName);
      isChanged ||= selectionSet !== definition.selectionSet;
      return { ...definition, selectionSet };
    });
    return isChanged ? withDocument(fetch, { ...document, definitions }) : fetch;
  }

  /** What the service knows of a selection; the same one if that is all. */
  #known(selectionSet: SelectionSetNode, parent: string, service: string): SelectionSetNode {
    const selections = selectionSet.selections.flatMap((selection) => this.#knownSelection(selection, parent, service));
    const isWhole =
      selections.length === selectionSet.selections.length &&
      selections.every((selection, index) => selection === selectionSet.selections[index]);
    if (isWhole) return selectionSet;
    return { ...selectionSet, selections: selections.length > 0 ? selections : [TYPENAME] };
  }

  #knownSelection(selection: SelectionNode, parent: string, service: string): readonly SelectionNode[] {
    if (selection.kind === Kind.FRAGMENT_SPREAD || !selection.selectionSet) return [selection];
    const condition = selection.kind === Kind.INLINE_FRAGMENT ? selection.typeCondition?.name.value : undefined;
    if (this.#pretended.has(`${service} ${condition}`)) return [];
    if (this.#pretended.has(`${service} ${parent} ${condition}`)) return [];
    const below = selection.kind === Kind.FIELD ? this.#typeOf(parent, selection) : (condition ?? parent);
    const selectionSet = this.#known(selection.selectionSet, below, service);
    return [selectionSet === selection.selectionSet ? selection : { ...selection, selectionSet }];
  }

  /** Empty for `_entities`, below which type conditions follow. */
  #typeOf(parent: string, { name }: FieldNode): string {
    const type = this.#types.get(parent);
    const field = type && outputFields(type).find((one) => one.name.value === name.value);
    return field ? namedType(field.type) : '';
  }
}

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

function isNamedType(one: DefinitionNode): one is NamedType {
  return (
    one.kind === Kind.OBJECT_TYPE_DEFINITION ||
    one.kind === Kind.INTERFACE_TYPE_DEFINITION ||
    one.kind === Kind.UNION_TYPE_DEFINITION ||
    one.kind === Kind.ENUM_TYPE_DEFINITION ||
    one.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION ||
    one.kind === Kind.SCALAR_TYPE_DEFINITION
  );
}

function outputFields(type: NamedType): readonly FieldDefinitionNode[] {
  const hasFields = type.kind === Kind.OBJECT_TYPE_DEFINITION || type.kind === Kind.INTERFACE_TYPE_DEFINITION;
  return hasFields ? (type.fields ?? []) : [];
}

/** `@join__type(graph: …, isInterfaceObject: true)`. */
function isInterfaceObject({ directives = [] }: NamedType, graph: string): boolean {
  return directives.some(
    (directive) =>
      directive.name.value === 'join__type' &&
      enumArgument(directive, 'graph') === graph &&
      booleanArgument(directive, 'isInterfaceObject') === true,
  );
}

/** The graphs that answer a field: all that have its type, unless it says which. */
function resolvingGraphs(parent: NamedType, field: FieldDefinitionNode): string[] {
  const joins = (field.directives ?? []).filter(({ name }) => name.value === 'join__field');
  if (joins.length === 0) return [...new Set(graphsOf(parent, 'join__type'))];
  return joins.flatMap((join) => (isExternal(join) ? [] : (enumArgument(join, 'graph') ?? [])));
}

function graphsOf({ directives = [] }: Pick<NamedType, 'directives'>, name: string): string[] {
  return directives.flatMap((directive) =>
    directive.name.value === name ? (enumArgument(directive, 'graph') ?? []) : [],
  );
}

function namesIn({ directives = [] }: NamedType, name: string, argument: string, graph: string): string[] {
  return directives.flatMap((directive) =>
    directive.name.value === name && enumArgument(directive, 'graph') === graph
      ? (textArgument(directive, argument) ?? [])
      : [],
  );
}

function inGraphIfJoined(field: FieldDefinitionNode, graph: string): FieldDefinitionNode {
  return graphsOf(field, 'join__field').length > 0 ? inGraph(field, 'join__field', graph) : field;
}

function inGraph<Node extends { readonly directives?: readonly ConstDirectiveNode[] | undefined }>(
  node: Node,
  directive: string,
  graph: string,
): Node {
  return { ...node, directives: [...(node.directives ?? []), joined(directive, graph)] };
}

function joined(directive: string, graph: string, named?: readonly [name: string, value: string]): ConstDirectiveNode {
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: directive },
    arguments: [
      { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'graph' }, value: { kind: Kind.ENUM, value: graph } },
      ...(named
        ? [
            {
              kind: Kind.ARGUMENT,
              name: { kind: Kind.NAME, value: named[0] },
              value: { kind: Kind.STRING, value: named[1] },
            } as const,
          ]
        : []),
    ],
  };
}

function rootName(operation: string): string {
  return operation === 'query' ? 'Query' : operation === 'mutation' ? 'Mutation' : 'Subscription';
}
