import {
  type DefinitionNode,
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  GraphQLError as GraphQLFault,
  Kind,
  NoDeprecatedCustomRule,
  Source,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { Audience } from '../../kernel/federation/audience.js';
import type { RegisteredDocument } from '../documents/registered-documents.js';
import { type Finding, fault, notice } from './finding.js';

export const DOCUMENTS = 'registered documents';

/** All rules but that fragments are used: documents of one unit share theirs. */
const RULES = specifiedRules.filter(({ name }) => name !== 'NoUnusedFragmentsRule');

/** Which registered documents their audience's graph refuses, and where; and where they use what is deprecated. */
export function documentFindings(
  graphs: ReadonlyMap<Audience, GraphQLSchema>,
  documents: readonly RegisteredDocument[],
): Finding[] {
  return [...graphs].flatMap(([audience, schema]) =>
    findingsWithin(
      schema,
      documents.filter((document) => document.audience === audience),
    ),
  );
}

function findingsWithin(schema: GraphQLSchema, documents: readonly RegisteredDocument[]): Finding[] {
  const units = Map.groupBy(documents, ({ unit }) => unit);
  return [...units.values()].flatMap((unit) => {
    try {
      const definitions = unit.flatMap((document) => parse(sourceOf(document)).definitions);
      return findingsOf(schema, { kind: Kind.DOCUMENT, definitions: named(definitions) });
    } catch (error) {
      if (error instanceof GraphQLFault) return [fault(DOCUMENTS, placed(error))];
      throw error;
    }
  });
}

const sourceOf = ({ file, line, text }: RegisteredDocument): Source => new Source(text, file, { line, column: 1 });

function findingsOf(schema: GraphQLSchema, document: DocumentNode): Finding[] {
  const options = { maxErrors: 1_000 };
  const refused = validate(schema, document, RULES, options).map((error) => fault(DOCUMENTS, placed(error)));
  const ageing = validate(schema, document, [NoDeprecatedCustomRule], options);
  return [...refused, ...ageing.map((error) => notice(DOCUMENTS, placed(error)))];
}

/** Operations without a name get one: several stand in one document here, each on its own elsewhere. */
function named(definitions: readonly DefinitionNode[]): DefinitionNode[] {
  return definitions.map((definition, index) =>
    definition.kind === Kind.OPERATION_DEFINITION && definition.name === undefined
      ? { ...definition, name: { kind: Kind.NAME, value: `Unnamed${index}` } }
      : definition,
  );
}

/** `file:line operation: message`. */
function placed(error: GraphQLError): string {
  const [position] = error.positions ?? [];
  const line = error.locations?.[0]?.line;
  const { source } = error;
  if (source === undefined || position === undefined || line === undefined) return error.message;
  const operation = operationAt(source, position);
  const place = `${source.name}:${line + source.locationOffset.line - 1}`;
  return `${place}${operation === undefined ? '' : ` (${operation})`}: ${error.message}`;
}

/** The operation or fragment around a position, as its source names it. */
function operationAt(source: Source, position: number): string | undefined {
  const heads = [...source.body.slice(0, position + 1).matchAll(/^(?:query|mutation|subscription|fragment)\s+\w+/gm)];
  return heads.at(-1)?.[0];
}
