import {
  Kind,
  type ASTNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { PlatformError } from '../../kernel/errors/platform-error.js';

/** Limits on the shape of a document, checked before it is validated and planned. Fragments count where they are spread. */
export interface DocumentLimits {
  readonly tokensMax: number;
  readonly depthMax: number;
  readonly fieldsMax: number;
  readonly aliasesMax: number;
  readonly rootFieldsMax: number;
  readonly directivesMax: number;
}

export const DOCUMENT_LIMITS: DocumentLimits = {
  tokensMax: 5_000,
  depthMax: 20,
  fieldsMax: 2_000,
  aliasesMax: 200,
  rootFieldsMax: 50,
  directivesMax: 200,
};

interface Measure {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
}

const NOTHING: Measure = { depth: 0, fields: 0, aliases: 0, rootFields: 0, directives: 0 };

/** Throws `QUERY_TOO_COMPLEX` naming the first limit that an operation of the document exceeds. */
export function checkDocumentLimits(document: DocumentNode, limits: DocumentLimits): void {
  const measure = new DocumentMeasure(document);
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const { depth, fields, aliases, rootFields, directives } = measure.of(definition.selectionSet);
    refuseAbove('depth', depth, limits.depthMax);
    refuseAbove('rootFields', rootFields, limits.rootFieldsMax);
    refuseAbove('aliases', aliases, limits.aliasesMax);
    refuseAbove('directives', directives + directivesOn(definition), limits.directivesMax);
    refuseAbove('fields', fields, limits.fieldsMax);
  }
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

  constructor(document: DocumentNode) {
    const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
    this.#fragments = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  }

  of(selectionSet: SelectionSetNode): Measure {
    let total = NOTHING;
    for (const selection of selectionSet.selections) total = add(total, this.#ofSelection(selection));
    return total;
  }

  #ofSelection(selection: SelectionNode): Measure {
    const directives = directivesOn(selection);
    if (selection.kind === Kind.INLINE_FRAGMENT)
      return add(this.of(selection.selectionSet), { ...NOTHING, directives });
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      return add(this.#ofFragment(selection.name.value), { ...NOTHING, directives });
    }
    const below = selection.selectionSet ? this.of(selection.selectionSet) : NOTHING;
    return {
      depth: below.depth + 1,
      fields: below.fields + 1,
      aliases: below.aliases + (selection.alias ? 1 : 0),
      rootFields: 1,
      directives: below.directives + directives,
    };
  }

  #ofFragment(name: string): Measure {
    const known = this.#measured.get(name);
    if (known) return known;
    this.#measured.set(name, NOTHING);
    const fragment = this.#fragments.get(name);
    const measure = fragment
      ? add(this.of(fragment.selectionSet), { ...NOTHING, directives: directivesOn(fragment) })
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
  };
}

function directivesOn(node: ASTNode): number {
  return 'directives' in node ? (node.directives?.length ?? 0) : 0;
}
