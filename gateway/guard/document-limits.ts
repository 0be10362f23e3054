import {
  Kind,
  type ASTNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../document-fragments.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { countOverlappingPairs } from './overlapping-fields.js';

/** Limits on the shape of a document, checked before it is validated and planned. Fragments count where they are spread. */
export interface DocumentLimits {
  readonly tokensMax: number;
  readonly depthMax: number;
  readonly fieldsMax: number;
  readonly aliasesMax: number;
  readonly rootFieldsMax: number;
  readonly directivesMax: number;
  /** Spreads of named fragments, counted wherever the fragments around them are spread. */
  readonly spreadsMax: number;
  /** How often the document spreads one and the same fragment. */
  readonly spreadsPerFragmentMax: number;
  readonly operationsMax: number;
  /** Variables of one operation. */
  readonly variablesMax: number;
  readonly charactersMax: number;
  /** Pairs of fields with the same response name at the same place: validation compares each. */
  readonly overlapsMax: number;
}

export const DOCUMENT_LIMITS: DocumentLimits = {
  tokensMax: 5_000,
  depthMax: 20,
  fieldsMax: 2_000,
  aliasesMax: 200,
  rootFieldsMax: 50,
  directivesMax: 200,
  spreadsMax: 500,
  spreadsPerFragmentMax: 100,
  operationsMax: 50,
  variablesMax: 200,
  charactersMax: 100_000,
  overlapsMax: 20_000,
};

interface Measure {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
  readonly spreads: number;
}

const NOTHING: Measure = { depth: 0, fields: 0, aliases: 0, rootFields: 0, directives: 0, spreads: 0 };

/** Throws `QUERY_TOO_COMPLEX` naming the first limit that the document or one of its operations exceeds. */
export function checkDocumentLimits(document: DocumentNode, limits: DocumentLimits): void {
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  refuseAbove('operations', operations.length, limits.operationsMax);
  const measure = new DocumentMeasure(document);
  // Fragments that nothing spreads are validated too.
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    const { depth, fields, aliases, rootFields, directives, spreads } = measure.ofDefinition(definition);
    refuseAbove('depth', depth, limits.depthMax);
    if (definition.kind === Kind.OPERATION_DEFINITION) {
      refuseAbove('rootFields', rootFields, limits.rootFieldsMax);
      refuseAbove('variables', definition.variableDefinitions?.length ?? 0, limits.variablesMax);
    }
    refuseAbove('aliases', aliases, limits.aliasesMax);
    refuseAbove('directives', directives, limits.directivesMax);
    refuseAbove('spreads', spreads, limits.spreadsMax);
    refuseAbove('fields', fields, limits.fieldsMax);
  }
  refuseAbove('spreadsPerFragment', measure.spreadsPerFragment, limits.spreadsPerFragmentMax);
  refuseAbove('overlaps', countOverlappingPairs(document), limits.overlapsMax);
}

function refuseAbove(limit: string, actual: number, max: number): void {
  if (actual > max) throw tooComplex(limit, max, `has ${actual}`);
}

export function tooComplex(limit: string, max: number, finding = 'has more'): PlatformError {
  const message = `The operation is too complex: at most ${max} ${limit} are allowed, and it ${finding}.`;
  return new PlatformError('QUERY_TOO_COMPLEX', message, { limit, max });
}

/** Measures each fragment once, so that nested spreads cost nothing; cycles count as empty, validation refuses them. */
class DocumentMeasure {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #measured = new Map<string, Measure>();
  readonly #spreads = new Map<string, number>();

  constructor(document: DocumentNode) {
    this.#fragments = fragmentsOf(document);
  }

  /** The most often that one fragment is spread, as the document is written. */
  get spreadsPerFragment(): number {
    return Math.max(0, ...this.#spreads.values());
  }

  ofDefinition(definition: OperationDefinitionNode | FragmentDefinitionNode): Measure {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) return this.#ofFragment(definition.name.value);
    return add(this.#of(definition.selectionSet), { ...NOTHING, directives: directivesOn(definition) });
  }

  #of(selectionSet: SelectionSetNode): Measure {
    let total = NOTHING;
    for (const selection of selectionSet.selections) total = add(total, this.#ofSelection(selection));
    return total;
  }

  #ofSelection(selection: SelectionNode): Measure {
    const directives = directivesOn(selection);
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return add(this.#of(selection.selectionSet), { ...NOTHING, directives });
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const name = selection.name.value;
      this.#spreads.set(name, (this.#spreads.get(name) ?? 0) + 1);
      return add(this.#ofFragment(name), { ...NOTHING, directives, spreads: 1 });
    }
    const below = selection.selectionSet ? this.#of(selection.selectionSet) : NOTHING;
    return {
      depth: below.depth + 1,
      fields: below.fields + 1,
      aliases: below.aliases + (selection.alias ? 1 : 0),
      rootFields: 1,
      directives: below.directives + directives,
      spreads: below.spreads,
    };
  }

  #ofFragment(name: string): Measure {
    const known = this.#measured.get(name);
    if (known) return known;
    this.#measured.set(name, NOTHING);
    const fragment = this.#fragments.get(name);
    const measure = fragment
      ? add(this.#of(fragment.selectionSet), { ...NOTHING, directives: directivesOn(fragment) })
      : NOTHING;
    this.#measured.set(name, measure);
    return measure;
  }
}

function add(left: Measure, right: Measure): Measure {
  return {
    depth: Math.max(left.depth, right.depth),
    fields: left.fields + right.fields,
    aliases: left.aliases + right.aliases,
    rootFields: left.rootFields + right.rootFields,
    directives: left.directives + right.directives,
    spreads: left.spreads + right.spreads,
  };
}

function directivesOn(node: ASTNode): number {
  return 'directives' in node ? (node.directives?.length ?? 0) : 0;
}
