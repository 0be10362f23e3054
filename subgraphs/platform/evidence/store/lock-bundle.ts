import { type InferEntity, LockMode } from '@mikro-orm/core';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { BundleEntity } from './bundle-entity.js';

/** A bundle, locked until the commit: nothing is added to it while it is sealed. */
export async function lockBundle(tx: Transaction, id: string): Promise<InferEntity<typeof BundleEntity> | null> {
  return tx.em.findOne(BundleEntity, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
}
