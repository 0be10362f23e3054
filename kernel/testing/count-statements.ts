import type { Transaction } from '../database/transaction.js';

/** The same transaction, counting the statements sent through it: others of the process are not in the way. */
export function countStatements(tx: Transaction): { counted: Transaction; statements: () => number } {
  let count = 0;
  const counted = new Proxy(tx, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (name === 'rows' || name === 'row' || name === 'prepared' || name === 'execute') count += 1;
      return member.bind(target);
    },
  });
  return { counted, statements: () => count };
}
