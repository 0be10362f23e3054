import {
  Kind,
  OperationTypeNode,
  visit,
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type InlineFragmentNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../../document-fragments.js';
import type { GatewayOperation } from '../engine.js';
import { sameOperation } from '../same-operation.js';

export const DEFER = 'defer';

/** An operation to be answered in parts: without named fragments, and each `@defer` with a label of ours. */
export interface IncrementalOperation extends GatewayOperation {
  /** The client's labels by ours. */
  readonly labels: ReadonlyMap<string, string | undefined>;
}

/** An operation in both ways to answer it. */
export interface Deferral {
  /** Without `@defer`: the operation itself, if it has none. */
  readonly plain: GatewayOperation;
  /** Undefined if nothing is deferred. */
  readonly incremental: IncrementalOperation | undefined;
}

const known = new WeakMap<GatewayOperation, Deferral>();

/** Always answers the same objects for one operation, so that plans can be found by them. */
export function deferralOf(operation: GatewayOperation): Deferral {
  let deferral = known.get(operation);
  if (!deferral) {
    deferral = hasDefer(operation.document)
      ? { plain: withoutDefer(operation), incremental: labelled(operation) }
      : { plain: operation, incremental: undefined };
    known.set(operation, deferral);
  }
  return deferral;
}

function hasDefer(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive({ name }) {
      found ||= name.value === DEFER;
    },
  });
  return found;
}

function withoutDefer(operation: GatewayOperation): GatewayOperation {
  const strip = (document: DocumentNode): DocumentNode =>
    visit(document, { Directive: ({ name }) => (name.value === DEFER ? null : undefined) });
  const document = strip(operation.document);
  const fetched = operation.fetched.document === operation.document ? document : strip(operation.fetched.document);
  return {
    ...operation,
    document,
    definition: sameOperation(document, operation.definition),
    fetched: { document: fetched, definition: sameOperation(fetched, operation.definition) },
  };
}

function labelled(operation: GatewayOperation): IncrementalOperation {
  const labels = new DeferLabels();
  const { document, definition, fetched } = operation;
  const full = new Expansion(document, labels).expand(definition);
  const filtered =
    fetched.document === document ? full : new Expansion(fetched.document, labels).expand(fetched.definition);
  return { ...operation, ...full, fetched: filtered, labels: labels.clientLabels };
}

/**
 * A label for each place where something is deferred. What is fetched and what is shaped may be two documents, the one
 * made by leaving fields out of the other: the nodes that both share tell that a place is the same.
 */
class DeferLabels {
  readonly clientLabels = new Map<string, string | undefined>();
  readonly #numbers = new Map<object, number>();
  readonly #labels = new Map<string, string>();

  /** `spreads` are the fragments spread around the place. */
  labelOf(directive: DirectiveNode, spreads: readonly object[]): string {
    const place = [...spreads, directive].map((node) => this.#numberOf(node)).join('.');
    let label = this.#labels.get(place);
    if (label === undefined) {
      label = `defer${this.#labels.size}`;
      this.#labels.set(place, label);
      this.clientLabels.set(label, clientLabelOf(directive));
    }
    return label;
  }

  #numberOf(node: object): number {
    const number = this.#numbers.get(node) ?? this.#numbers.size;
    this.#numbers.set(node, number);
    return number;
  }
}

function clientLabelOf({ arguments: given = [] }: DirectiveNode): string | undefined {
  const label = given.find(({ name }) => name.value === 'label')?.value;
  return label?.kind === Kind.STRING ? label.value : undefined;
}

/** Where a selection stands. */
interface Place {
  /** The fragments spread around it. */
  readonly spreads: readonly object[];
  /** Whether it is what a mutation does, and not what that answers: the fields change things, one after the other. */
  readonly isOfMutation: boolean;
}

/**
 * Puts the contents of named fragments where they are spread, for what they defer is another part at each place. Nothing
 * that a mutation does is left for later (`@defer` there is no part of the incremental delivery proposal).
 */
class Expansion {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #labels: DeferLabels;

  constructor(document: DocumentNode, labels: DeferLabels) {
    this.#labels = labels;
    this.#fragments = fragmentsOf(document);
  }

  expand(definition: OperationDefinitionNode): { document: DocumentNode; definition: OperationDefinitionNode } {
    const place: Place = { spreads: [], isOfMutation: definition.operation === OperationTypeNode.MUTATION };
    const expanded = { ...definition, selectionSet: this.#selectionSet(definition.selectionSet, place) };
    return { definition: expanded, document: { kind: Kind.DOCUMENT, definitions: [expanded] } };
  }

  #selectionSet(selectionSet: SelectionSetNode, place: Place): SelectionSetNode {
    return { ...selectionSet, selections: selectionSet.selections.map((one) => this.#selection(one, place)) };
  }

  #selection(selection: SelectionNode, place: Place): SelectionNode {
    if (selection.kind === Kind.FIELD) {
      if (!selection.selectionSet) return selection;
      return {
        ...selection,
        selectionSet: this.#selectionSet(selection.selectionSet, { ...place, isOfMutation: false }),
      };
    }
    const directives = (selection.directives ?? []).flatMap((directive) => this.#directive(directive, place));
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return { ...selection, directives, selectionSet: this.#selectionSet(selection.selectionSet, place) };
    const fragment = this.#fragments.get(selection.name.value);
    if (!fragment) throw new Error(`there is no fragment ${selection.name.value}: was the operation validated?`);
    const within: Place = { ...place, spreads: [...place.spreads, selection] };
    const inlined: InlineFragmentNode = {
      kind: Kind.INLINE_FRAGMENT,
      typeCondition: fragment.typeCondition,
      directives,
      selectionSet: this.#selectionSet(fragment.selectionSet, within),
    };
    return inlined;
  }

  #directive(directive: DirectiveNode, { isOfMutation, spreads }: Place): readonly DirectiveNode[] {
    if (directive.name.value !== DEFER) return [directive];
    if (isOfMutation) return [];
    const label: ArgumentNode = {
      kind: Kind.ARGUMENT,
      name: { kind: Kind.NAME, value: 'label' },
      value: { kind: Kind.STRING, value: this.#labels.labelOf(directive, spreads) },
    };
    const others = (directive.arguments ?? []).filter(({ name }) => name.value !== 'label');
    return [{ ...directive, arguments: [...others, label] }];
  }
}
