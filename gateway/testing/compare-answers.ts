import { visit, type DocumentNode, type ExecutionResult } from 'graphql';

/** What came of comparing our answers with the stock executor's. */
export interface Comparison {
  readonly differences: string[];
  /** Paths of the stock executor whose list indices are wrong: it counts only the entities it fetched. */
  stockIndexFaults: number;
  /** Paths of the stock executor that name `_entities` or `@`, which no client selected. */
  stockPathFaults: number;
  /** Paths of the stock executor to a field that only a key or `@requires` needed; ours are those of what needed it. */
  stockUnselectedFaults: number;
}

export function noComparison(): Comparison {
  return { differences: [], stockIndexFaults: 0, stockPathFaults: 0, stockUnselectedFaults: 0 };
}

interface ComparedError {
  readonly message: string;
  readonly path: string;
  /** The path without list indices. */
  readonly shape: string;
}

/** Ours reports every null that no error explains; the stock executor only if there are no other errors. */
const VIOLATION = 'Cannot return null for non-nullable';
/** Ours when an entity is unknown to its owner, and nothing up to the root may be null. */
const UNKNOWN = 'Something that the operation needs does not exist.';

/** Data must be equal; errors match if both report the same faults, ours at the stock's path or, more exactly, below it. */
export function compareAnswers(
  document: DocumentNode,
  own: ExecutionResult,
  stock: ExecutionResult,
  comparison: Comparison,
): void {
  if (JSON.stringify(sorted(own.data)) !== JSON.stringify(sorted(stock.data))) {
    comparison.differences.push(`data\n  ours  ${JSON.stringify(own)}\n  stock ${JSON.stringify(stock)}`);
  }
  const ours = errorsOf(own);
  const theirs = errorsOf(stock);
  for (const { message, path, shape } of theirs) {
    const same = ours.filter((error) => error.message === message);
    if (same.some((error) => `${error.path}.`.startsWith(path === '' ? '' : `${path}.`))) continue;
    if (same.some((error) => `${error.shape}.`.startsWith(`${shape}.`))) comparison.stockIndexFaults++;
    else if (same.length > 0 && path.includes('_entities')) comparison.stockPathFaults++;
    else if (same.length > 0 && !isSelected(document, shape)) comparison.stockUnselectedFaults++;
    else comparison.differences.push(`only stock: ${message} at ${path}; ours: ${JSON.stringify(same)}`);
  }
  for (const { message, path } of ours) {
    if (!tellsOnlyOfNull(message) && theirs.every((error) => error.message !== message))
      comparison.differences.push(`only ours: ${message} at ${path}`);
  }
}

/** Whether an error says no more than that something is null. */
export function tellsOnlyOfNull(message: string): boolean {
  return message.startsWith(VIOLATION) || message === UNKNOWN;
}

/** Whether each name of the path is one that the client gave to a field. */
export function isSelected(document: DocumentNode, shape: string): boolean {
  const names = new Set<string>();
  visit(document, {
    Field({ alias, name }) {
      names.add((alias ?? name).value);
    },
  });
  return shape.split('.').every((name) => names.has(name));
}

function errorsOf({ errors }: ExecutionResult): ComparedError[] {
  return (errors ?? []).map(({ message, path = [] }) => ({
    message,
    path: path.join('.'),
    shape: path.filter((part) => typeof part === 'string').join('.'),
  }));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
