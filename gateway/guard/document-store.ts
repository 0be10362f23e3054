import {
  GraphQLError,
  Kind,
  Lexer,
  Source,
  TokenKind,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type ASTVisitor,
  type GraphQLSchema,
  type ValidationContext,
  type ValidationRule,
  type OperationDefinitionNode,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { UNSTORABLE_TEXT, findUnstorableText } from '../../kernel/database/storable-text.js';
import type { ErrorCode } from '../../kernel/errors/error-codes.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { nextTurn } from '../engine/planning/next-turn.js';
import { checkDocumentLimits, tooComplex, type DocumentLimits } from './document-limits.js';
import { IntrospectionLimit } from './introspection-limit.js';

/** Valid documents kept, and their total length in characters. */
const DOCUMENTS_MAX = 2_000;
const DOCUMENTS_LENGTH_MAX = 8_000_000;
const VALIDATION_ERRORS_MAX = 20;
/** Brackets of any kind inside each other. */
const NESTING_MAX = 100;

/** Documents from this length on are read in several turns of the event loop. */
const LARGE_LENGTH_MIN = 1_500;

const RULES = [...specifiedRules, typenameStaysItself];
const RULES_A_TURN = 9;
const RULES_IN_TURNS = Array.from({ length: Math.ceil(RULES.length / RULES_A_TURN) }, (_, turn) =>
  RULES.slice(turn * RULES_A_TURN, (turn + 1) * RULES_A_TURN),
);

/** All reasons why a text is refused, or the document. */
type Read = StoredDocument | readonly GraphQLError[];

/** A document that is within the limits and valid, and its operations by name. */
export interface StoredDocument {
  readonly document: DocumentNode;
  readonly operations: ReadonlyMap<string, OperationDefinitionNode>;
}

type Reading = Generator<undefined, Read>;

/** Parses and validates documents against one schema; remembers the valid ones. */
export class DocumentStore {
  readonly #schema: GraphQLSchema;
  readonly #limits: DocumentLimits;
  readonly #introspection: IntrospectionLimit;
  readonly #documents = new LRUCache<string, StoredDocument>({
    max: DOCUMENTS_MAX,
    maxSize: DOCUMENTS_LENGTH_MAX,
    sizeCalculation: (_, text) => Math.max(1, text.length),
  });
  /** Those that are being read. */
  readonly #coming = new Map<string, Promise<Read>>();

  constructor(schema: GraphQLSchema, limits: DocumentLimits) {
    this.#schema = schema;
    this.#limits = limits;
    this.#introspection = new IntrospectionLimit(schema);
  }

  get(text: string): Read {
    const known = this.#documents.get(text);
    if (known) return known;
    const reading = this.#read(text, [RULES]);
    for (;;) {
      const { done, value } = reading.next();
      if (done) return value;
    }
  }

  /** As {@link get}; while a large document is read for the first time, others have their turns. */
  find(text: string): Read | Promise<Read> {
    if (text.length < LARGE_LENGTH_MIN || this.#documents.has(text)) return this.get(text);
    let coming = this.#coming.get(text);
    if (!coming) {
      coming = this.#readInTurns(text).finally(() => this.#coming.delete(text));
      this.#coming.set(text, coming);
    }
    return coming;
  }

  async #readInTurns(text: string): Promise<Read> {
    const reading = this.#read(text, RULES_IN_TURNS);
    for (;;) {
      const { done, value } = reading.next();
      await nextTurn();
      if (done) return value;
    }
  }

  /** Stops where it may be left for another turn. */
  *#read(text: string, rulesInTurns: readonly (readonly ValidationRule[])[]): Reading {
    try {
      const { charactersMax, tokensMax } = this.#limits;
      if (text.length > charactersMax) throw tooComplex('characters', charactersMax, `has ${text.length}`);
      const document = parseWithin(text, tokensMax);
      yield;
      checkDocumentLimits(document, this.#limits);
      const faults: GraphQLError[] = [];
      for (const rules of rulesInTurns) {
        yield;
        if (faults.length < VALIDATION_ERRORS_MAX)
          faults.push(...validate(this.#schema, document, rules, { maxErrors: VALIDATION_ERRORS_MAX }));
      }
      if (faults.length > 0) return faults.map((fault) => coded(fault, 'GRAPHQL_VALIDATION_FAILED'));
      this.#introspection.check(text, document);
      const stored = { document, operations: operationsOf(document) };
      this.#documents.set(text, stored);
      return stored;
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      throw error;
    }
  }
}

/** GetOperation of the GraphQL specification (6.1). */
export function selectOperation(stored: StoredDocument, name: string | undefined): OperationDefinitionNode {
  if (name === undefined) {
    const [only, another] = stored.operations.values();
    if (only && !another) return only;
    throw new PlatformError('BAD_REQUEST', 'The document holds several operations: say which by `operationName`.');
  }
  const operation = stored.operations.get(name);
  if (!operation) throw new PlatformError('BAD_REQUEST', `The document holds no operation "${name}".`);
  return operation;
}

function parseWithin(text: string, tokensMax: number): DocumentNode {
  try {
    checkTokens(text, tokensMax);
    return parse(text, { maxTokens: tokensMax });
  } catch (error) {
    if (error instanceof GraphQLError && !('code' in error.extensions)) throw coded(error, 'GRAPHQL_PARSE_FAILED');
    throw error;
  }
}

/** The parser recurses into brackets of any kind: their nesting is bounded before it runs, or the stack would be. */
function checkTokens(text: string, tokensMax: number): void {
  const lexer = new Lexer(new Source(text));
  let nesting = 0;
  for (let tokens = 0; lexer.advance().kind !== TokenKind.EOF; tokens++) {
    if (tokens >= tokensMax) throw tooComplex('tokens', tokensMax);
    const { kind, value } = lexer.token;
    if (findUnstorableText(value) !== null) throw new PlatformError('BAD_USER_INPUT', `${UNSTORABLE_TEXT}.`);
    if (kind === TokenKind.BRACE_L || kind === TokenKind.BRACKET_L || kind === TokenKind.PAREN_L) nesting++;
    else if (kind === TokenKind.BRACE_R || kind === TokenKind.BRACKET_R || kind === TokenKind.PAREN_R) nesting--;
    if (nesting > NESTING_MAX) throw tooComplex('nesting', NESTING_MAX);
  }
}

function coded(error: GraphQLError, code: ErrorCode): GraphQLError {
  const { message, nodes, source, positions } = error;
  return new GraphQLError(message, { nodes, source, positions, extensions: { code, retryable: false } });
}

function operationsOf(document: DocumentNode): Map<string, OperationDefinitionNode> {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return new Map(operations.map((operation) => [operation.name?.value ?? '', operation]));
}

/** No other field may be answered under the name `__typename`: types are told by it between subgraphs and gateway. */
function typenameStaysItself(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.alias?.value !== '__typename' || node.name.value === '__typename') return;
      context.reportError(new GraphQLError('The alias "__typename" is reserved.', { nodes: node }));
    },
  };
}
