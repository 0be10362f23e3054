import { LRUCache } from 'lru-cache';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import type { GatewayLogger } from '../../gateway-options.js';
import { sha256Of, withoutPrefix, type TrustedDocuments } from './trusted-documents.js';

/** What becomes of a document that is not registered: `log` lets it through and tells, `enforce` refuses it. */
export type TrustedDocumentMode = 'off' | 'log' | 'enforce';

export interface DocumentResolverOptions {
  readonly mode: TrustedDocumentMode;
  readonly trusted: TrustedDocuments;
  /** Whether clients may register documents by sending them once; never while trusted documents are enforced. */
  readonly isAutomatic: boolean;
  readonly logger: GatewayLogger;
}

/** How a request names its document: by text, by identifier, or by both to have it remembered. */
export interface DocumentRequest {
  readonly query?: string | null | undefined;
  readonly documentId?: string | null | undefined;
  readonly operationName?: string | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

export interface ResolvedDocument {
  readonly text: string;
  /** To be called when the document proved to be valid: from then on its hash is enough. */
  remember(): void;
}

/** Documents remembered because clients sent them, and their total length in characters. */
const AUTOMATIC_MAX = 1_000;
const AUTOMATIC_LENGTH_MAX = 4_000_000;
const LOGGED_MAX = 1_000;

const nothing = (): void => undefined;

/**
 * Finds the text of a request: persisted documents of the GraphQL over HTTP draft (`documentId`), and automatic
 * persisted queries as Apollo's clients speak it (`extensions.persistedQuery`).
 */
export class DocumentResolver {
  readonly #options: DocumentResolverOptions;
  readonly #automatic: LRUCache<string, string> | undefined;
  readonly #logged = new LRUCache<string, true>({ max: LOGGED_MAX });

  constructor(options: DocumentResolverOptions) {
    this.#options = options;
    this.#automatic =
      options.isAutomatic && options.mode !== 'enforce'
        ? new LRUCache({
            max: AUTOMATIC_MAX,
            maxSize: AUTOMATIC_LENGTH_MAX,
            sizeCalculation: (text) => Math.max(1, text.length),
          })
        : undefined;
  }

  /**
   * Throws `PERSISTED_QUERY_NOT_FOUND` for an identifier that names nothing, `BAD_REQUEST` for one that does not fit the
   * text beside it, and `PERSISTED_DOCUMENT_REQUIRED` for a text that is not registered where that is enforced.
   */
  resolve(request: DocumentRequest): ResolvedDocument {
    const hash = automaticHash(request.extensions);
    const id = request.documentId ?? hash;
    const { query } = request;
    if (query === undefined || query === null || query === '') {
      if (id === undefined)
        throw new PlatformError('BAD_REQUEST', 'Send a document as `query`, or name one as `documentId`.');
      return { text: this.#find(id), remember: nothing };
    }
    if (id !== undefined) this.#verify(id, query);
    if (!this.#options.trusted.has(query)) this.#judge(query, request.operationName);
    const automatic = this.#automatic;
    if (!automatic || hash === undefined) return { text: query, remember: nothing };
    return { text: query, remember: () => automatic.set(hash, query) };
  }

  #find(id: string): string {
    const text = this.#options.trusted.textOf(id) ?? this.#automatic?.get(withoutPrefix(id));
    // Clients of automatic persisted queries know the refusal by this message.
    if (text === undefined) throw new PlatformError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
    return text;
  }

  #verify(id: string, text: string): void {
    if (this.#options.trusted.textOf(id) === text || withoutPrefix(id) === sha256Of(text)) return;
    throw new PlatformError('BAD_REQUEST', 'The identifier is not that of the document beside it.');
  }

  #judge(text: string, operationName: string | null | undefined): void {
    const { logger, mode } = this.#options;
    if (mode === 'off') return;
    if (mode === 'enforce') {
      throw new PlatformError('PERSISTED_DOCUMENT_REQUIRED', 'Only registered documents are answered here.');
    }
    const hash = sha256Of(text);
    if (this.#logged.has(hash)) return;
    this.#logged.set(hash, true);
    logger.warn({ sha256: hash, operationName: operationName ?? undefined }, 'a document that is not registered');
  }
}

/** The hash of `extensions.persistedQuery`, version 1. Throws `BAD_REQUEST` for another version or form. */
function automaticHash(extensions: DocumentRequest['extensions']): string | undefined {
  const persisted = extensions?.['persistedQuery'];
  if (persisted === undefined || persisted === null) return undefined;
  const { sha256Hash, version } = persisted as { sha256Hash?: unknown; version?: unknown };
  if (version !== 1 || typeof sha256Hash !== 'string' || !/^[0-9a-fA-F]{64}$/.test(sha256Hash)) {
    throw new PlatformError('BAD_REQUEST', '`persistedQuery` is { "version": 1, "sha256Hash": … }.');
  }
  return sha256Hash.toLowerCase();
}
