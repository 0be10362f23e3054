import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { canonicalHash } from '../../../../kernel/commands/canonical-hash.js';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import { type Refused, accept, refuse, refuseAll } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { itemAdded } from '../domain/evidence-events.js';
import { ITEM_RESULTS, ITEM_TYPES, RETENTION_CLASSES } from '../domain/evidence-vocabulary.js';
import { ITEMS_MAX, itemFaults } from '../domain/item-rules.js';
import { ItemEntity } from '../store/item-entity.js';
import { lockBundle } from '../store/lock-bundle.js';

const text = (lengthMax: number) =>
  z.string().trim().min(1, 'must not be empty').max(lengthMax, `must have at most ${lengthMax} characters`);

const input = z.object({
  bundleId: z.string().max(64),
  type: z.enum(ITEM_TYPES),
  title: text(200),
  result: z.enum(ITEM_RESULTS),
  owner: text(200),
  retentionClass: z.enum(RETENTION_CLASSES),
  artifactDigest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits')
    .nullish()
    .transform((value) => value ?? null),
  summary: z.record(z.string(), z.unknown()).default({}),
  reason: text(1000)
    .nullish()
    .transform((value) => value ?? null),
  expiresAt: z.coerce
    .date()
    .nullish()
    .transform((value) => value ?? null),
  followUp: text(200)
    .nullish()
    .transform((value) => value ?? null),
  supersedesId: z
    .string()
    .max(64)
    .nullish()
    .transform((value) => value ?? null),
  idempotencyKey,
});
type ItemInput = z.output<typeof input>;

/**
 * Adds an item to an open bundle; an item that corrects another supersedes it. Refuses secrets anywhere in it, and a
 * skipped or blocked item without owner, reason and expiry.
 */
export const addItem = defineCommand({
  action: 'evidence.item.add',
  input,
  scope: () => PLATFORM_SCOPE,
  async run(context, { idempotencyKey: _key, ...facts }) {
    const faults = itemFaults(facts, context.now);
    if (faults.length > 0) return refuseAll(faults);
    const refused = await placeFault(context, facts);
    if (refused !== null) return refused;
    const id = newId('evi');
    const { expiresAt, ...rest } = facts;
    const contentDigest = `sha256:${canonicalHash({ ...rest, expiresAt: expiresAt?.toISOString() ?? null })}`;
    const { actor, correlationId, now } = context;
    context.tx.em.create(ItemEntity, {
      id,
      ...facts,
      contentDigest,
      createdBy: actor.id,
      correlationId,
      createdAt: now,
    });
    context.describe(
      { type: 'EvidenceItem', id },
      { bundleId: facts.bundleId, itemType: facts.type, result: facts.result, contentDigest },
    );
    const data = { itemId: id, type: facts.type, result: facts.result, supersedesId: facts.supersedesId };
    context.emit(itemAdded, { subjectId: facts.bundleId, scope: PLATFORM_SCOPE, data });
    return accept({ id });
  },
});

async function placeFault(context: CommandContext, facts: Omit<ItemInput, 'idempotencyKey'>): Promise<Refused | null> {
  const { em } = context.tx;
  const bundle = await lockBundle(context.tx, facts.bundleId);
  if (bundle === null)
    return refuse('NOT_FOUND', `There is no evidence bundle ${facts.bundleId}.`, { field: ['input', 'bundleId'] });
  if (bundle.state !== 'open') {
    return refuse('INVALID_STATE', `A bundle that is ${bundle.state} takes no more items.`, {
      field: ['input', 'bundleId'],
      details: { state: bundle.state },
    });
  }
  if ((await countItems(context.tx, facts.bundleId)) >= ITEMS_MAX) {
    return refuse('LIMIT_REACHED', `A bundle has at most ${ITEMS_MAX} items.`, {
      field: ['input', 'bundleId'],
      details: { limit: ITEMS_MAX },
    });
  }
  if (facts.supersedesId === null) return null;
  const field = ['input', 'supersedesId'];
  const old = await em.findOne(ItemEntity, { id: facts.supersedesId, bundleId: facts.bundleId });
  if (old === null) return refuse('NOT_FOUND', `The bundle has no item ${facts.supersedesId}.`, { field });
  const successor = await em.findOne(ItemEntity, { supersedesId: facts.supersedesId });
  return successor === null
    ? null
    : refuse('CONFLICT', `The item was superseded by ${successor.id} already.`, {
        field,
        details: { supersededById: successor.id },
      });
}

async function countItems(tx: Transaction, bundleId: string): Promise<number> {
  const row = await tx.row<{ count: number }>(
    'select count(*)::int as count from evidence.items where bundle_id = $1',
    [bundleId],
  );
  return row?.count ?? 0;
}
