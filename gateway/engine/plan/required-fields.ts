import {
  Kind,
  parse,
  print,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type FieldNode,
  type InterfaceTypeDefinitionNode,
  type ObjectTypeDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { enumArgument, isExternal, namedType, serviceNames, textArgument } from './join-directives.js';

/** A field that stands, in what the planner sees, for one that `@requires` names. */
export interface StandIn {
  readonly name: string;
  /** The field that is meant, with its arguments. */
  readonly field: FieldNode;
  /** Values of `join__Graph`: the subgraphs that require it. */
  readonly requiredBy: Set<string>;
}

export interface RequiredFields {
  /** The supergraph for the planner. */
  readonly supergraph: DocumentNode;
  readonly standIns: ReadonlyMap<string, StandIn>;
  /** The stand-ins that a field of a subgraph requires, by {@link requirementKey}. */
  readonly requirements: ReadonlyMap<string, ReadonlySet<string>>;
}

export const STAND_IN_PATTERN = /\brequired\d+__/;

export function requirementKey(service: string, fieldName: string): string {
  return `${service} ${fieldName}`;
}

type CompositeType = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

/**
 * A supergraph in which the planner does not see what it would get wrong about fields that `@requires` names. For each
 * use of such a field there is one of its own, the stand-in:
 * - of a field with arguments, given or not: the planner forgets them, and fetches the field under its own name, where
 *   the client, or another `@requires`, may ask for the same field with other arguments;
 * - of a field that the requiring subgraph resolves itself, while another knows it as `@external`: the planner would ask
 *   the other for it, on the way to what lies below.
 *
 * Undefined if the supergraph has no such `@requires`.
 */
export function requiredFields(supergraph: DocumentNode): RequiredFields | undefined {
  const separation = new Separation(supergraph);
  const types = supergraph.definitions.map((definition) =>
    isComposite(definition) ? separation.replaceRequires(definition) : definition,
  );
  if (separation.standIns.size === 0) return undefined;
  return {
    supergraph: {
      kind: Kind.DOCUMENT,
      definitions: types.map((type) => (isComposite(type) ? separation.addStandIns(type) : type)),
    },
    standIns: separation.standIns,
    requirements: separation.requirements,
  };
}

class Separation {
  readonly standIns = new Map<string, StandIn>();
  readonly requirements = new Map<string, Set<string>>();
  readonly #types: ReadonlyMap<string, CompositeType>;
  readonly #services: ReadonlyMap<string, string>;
  readonly #nameByUse = new Map<string, string>();
  readonly #namesByType = new Map<string, Set<string>>();

  constructor(supergraph: DocumentNode) {
    this.#types = new Map(supergraph.definitions.filter(isComposite).map((type) => [type.name.value, type]));
    this.#services = serviceNames(supergraph);
  }

  replaceRequires(type: CompositeType): CompositeType {
    const fields = type.fields?.map((field) => {
      const directives = field.directives?.map((directive) => this.#replaceIn(directive, type, field));
      return directives?.some((directive, index) => directive !== field.directives?.[index]) === true
        ? { ...field, directives }
        : field;
    });
    return fields === undefined ? type : { ...type, fields };
  }

  /** Stand-ins are resolved where the fields are that they stand for, and take no arguments. */
  addStandIns(type: CompositeType): CompositeType {
    const names = [type, ...(type.interfaces ?? [])].flatMap(({ name }) => [
      ...(this.#namesByType.get(name.value) ?? []),
    ]);
    const added = names.flatMap((name): FieldDefinitionNode[] => {
      const standIn = this.standIns.get(name);
      const original = type.fields?.find((field) => field.name.value === standIn?.field.name.value);
      if (!standIn || !original) return [];
      const directives = original.directives?.filter((directive) => !isExternalToAnother(directive, standIn));
      return [
        { ...original, name: { kind: Kind.NAME, value: name }, arguments: [], ...(directives && { directives }) },
      ];
    });
    return added.length === 0 ? type : { ...type, fields: [...(type.fields ?? []), ...added] };
  }

  #replaceIn(directive: ConstDirectiveNode, type: CompositeType, field: FieldDefinitionNode): ConstDirectiveNode {
    const requires = directive.name.value === 'join__field' ? textArgument(directive, 'requires') : undefined;
    if (requires === undefined) return directive;
    const [definition] = parse(`{ ${requires} }`, { noLocation: true }).definitions;
    if (definition?.kind !== Kind.OPERATION_DEFINITION) return directive;
    const graph = enumArgument(directive, 'graph') ?? '';
    const used = new Set<string>();
    const selectionSet = this.#replaceSelections(definition.selectionSet, type.name.value, { graph, used });
    if (used.size === 0) return directive;
    const service = this.#services.get(graph) ?? '';
    const key = requirementKey(service, field.name.value);
    this.requirements.set(key, used.union(this.requirements.get(key) ?? new Set()));
    const value = print(selectionSet).slice(1, -1).replaceAll(/\s+/g, ' ').trim();
    return {
      ...directive,
      arguments: directive.arguments?.map((argument) =>
        argument.name.value === 'requires' ? { ...argument, value: { kind: Kind.STRING, value } } : argument,
      ),
    };
  }

  #replaceSelections(selectionSet: SelectionSetNode, typeName: string, requirement: Requirement): SelectionSetNode {
    return {
      ...selectionSet,
      selections: selectionSet.selections.map((selection): SelectionNode => {
        if (selection.kind === Kind.FRAGMENT_SPREAD) return selection;
        if (selection.kind === Kind.INLINE_FRAGMENT) {
          const on = selection.typeCondition?.name.value ?? typeName;
          return { ...selection, selectionSet: this.#replaceSelections(selection.selectionSet, on, requirement) };
        }
        return this.#replaceField(selection, typeName, requirement);
      }),
    };
  }

  #replaceField(field: FieldNode, typeName: string, requirement: Requirement): FieldNode {
    const definition = this.#types.get(typeName)?.fields?.find(({ name }) => name.value === field.name.value);
    if (definition === undefined) return field;
    const below = field.selectionSet;
    const inner = below && this.#replaceSelections(below, namedType(definition.type), requirement);
    const kept = inner === undefined ? field : { ...field, selectionSet: inner };
    const { graph, used } = requirement;
    const isOwn = isOwnAndExternalElsewhere(definition, graph);
    if (!isOwn && !field.arguments?.length && !definition.arguments?.length) return kept;
    const name = this.#standInOf(field, typeName, graph, isOwn);
    used.add(name);
    return { ...kept, name: { kind: Kind.NAME, value: name }, arguments: [] };
  }

  /** Subgraphs that need the same fetched share one, except with a subgraph that has it of its own. */
  #standInOf({ name, arguments: given = [] }: FieldNode, typeName: string, graph: string, isOwn: boolean): string {
    const field: FieldNode = { kind: Kind.FIELD, name, arguments: given };
    const use = `${typeName}.${print(field)}${isOwn ? ` ${graph}` : ''}`;
    const standIn = this.#nameByUse.get(use) ?? `required${this.#nameByUse.size}__${name.value}`;
    this.#nameByUse.set(use, standIn);
    const known = this.standIns.get(standIn) ?? { name: standIn, field, requiredBy: new Set() };
    known.requiredBy.add(graph);
    this.standIns.set(standIn, known);
    this.#namesByType.set(typeName, (this.#namesByType.get(typeName) ?? new Set()).add(standIn));
    return standIn;
  }
}

/** Who requires, and the stand-ins for that. */
interface Requirement {
  /** A value of `join__Graph`. */
  readonly graph: string;
  readonly used: Set<string>;
}

/** A subgraph need not declare a stand-in that it does not require, however it declares the field that is meant. */
function isExternalToAnother(directive: ConstDirectiveNode, { requiredBy }: StandIn): boolean {
  return isExternal(directive) && !requiredBy.has(enumArgument(directive, 'graph') ?? '');
}

function isOwnAndExternalElsewhere({ directives = [] }: FieldDefinitionNode, graph: string): boolean {
  const external = directives.filter(isExternal).map((directive) => enumArgument(directive, 'graph'));
  return external.length > 0 && !external.includes(graph);
}

function isComposite(definition: DocumentNode['definitions'][number]): definition is CompositeType {
  return definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION;
}
