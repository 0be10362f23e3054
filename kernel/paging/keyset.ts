import { PlatformError } from '../errors/platform-error.js';

/** The arguments of a connection field. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** One page to fetch: `limit + 1` rows in the stated direction, beyond the key. */
export interface PageRequest {
  readonly limit: number;
  readonly isBackward: boolean;
  /** Values of the ordering columns of the row to continue from, or null for the start (or the end). */
  readonly key: readonly string[] | null;
}

export interface PageItem<Row> {
  readonly cursor: string;
  readonly row: Row;
}

export interface Page<Row> {
  readonly items: readonly PageItem<Row>[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

export const PAGE_DEFAULT = 20;
export const PAGE_MAXIMUM = 100;

function bad(field: string, message: string): PlatformError {
  return new PlatformError('BAD_USER_INPUT', `"${field}" ${message}`, { field: [field] });
}

/** Checks paging arguments: `first` or `last` from 1 to 100 (default: the first 20), `after` or `before` a cursor of ours. */
export function pageRequest(page: PageArguments, keyLength = 1): PageRequest {
  const { first, last, after, before } = page;
  if (first != null && last != null) throw bad('last', 'cannot be combined with "first"; ask for one of them');
  if (after != null && before != null)
    throw bad('before', 'cannot be combined with "after"; continue in one direction');
  if (last != null && after != null) throw bad('after', 'goes with "first"; use "before" with "last"');
  if (first != null && before != null) throw bad('before', 'goes with "last"; use "after" with "first"');
  const isBackward = last != null || before != null;
  const limit = first ?? last ?? PAGE_DEFAULT;
  const field = last == null ? 'first' : 'last';
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAXIMUM)
    throw bad(field, `must be from 1 to ${PAGE_MAXIMUM}`);
  const cursor = isBackward ? before : after;
  return {
    limit,
    isBackward,
    key: cursor == null ? null : decodeKey(cursor, keyLength, isBackward ? 'before' : 'after'),
  };
}

export function encodeKey(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

function decodeKey(cursor: string, keyLength: number, field: string): string[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(key) && key.length === keyLength && key.every((part) => typeof part === 'string')) return key;
  } catch {
    // Falls through: not one of ours.
  }
  throw bad(field, 'is not a cursor of this list');
}

/** Shapes `limit + 1` fetched rows (in the order fetched) into a page in the list's own order. */
export function toPage<Row>(
  request: PageRequest,
  fetched: readonly Row[],
  keyOf: (row: Row) => readonly string[],
): Page<Row> {
  const hasMore = fetched.length > request.limit;
  const rows = fetched.slice(0, request.limit);
  if (request.isBackward) rows.reverse();
  return {
    items: rows.map((row) => ({ row, cursor: encodeKey(keyOf(row)) })),
    hasNextPage: request.isBackward ? request.key !== null : hasMore,
    hasPreviousPage: request.isBackward ? hasMore : request.key !== null,
  };
}

/**
 * The `where … order by … limit` tail of a keyset query over one unique column (our identifiers sort by time).
 * `$n` placeholders begin at `firstParameter`. Newest first unless told.
 */
export function keysetSql(
  column: string,
  request: PageRequest,
  options: { firstParameter: number; isAscending?: boolean },
): { condition: string; tail: string; values: unknown[] } {
  const isUpward = (options.isAscending ?? false) !== request.isBackward;
  const values = request.key === null ? [] : [request.key[0]];
  const condition = request.key === null ? 'true' : `${column} ${isUpward ? '>' : '<'} $${options.firstParameter}`;
  return { condition, tail: `order by ${column} ${isUpward ? 'asc' : 'desc'} limit ${request.limit + 1}`, values };
}
