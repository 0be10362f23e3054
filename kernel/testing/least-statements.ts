import type { Database } from '../database/database.js';

const ATTEMPTS = 20;

/**
 * How many statements some work sends. Feeds and jobs of the same process send theirs in between, so the work is done
 * several times and the least count taken: the one that nobody came between. A read is three: begin, the query, commit.
 */
export async function leastStatements(database: Database, work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = database.statementCount;
    await work();
    least = Math.min(least, database.statementCount - before);
  }
  return least;
}
