import type { Kernel } from '../../../../kernel/kernel.js';
import type { Job } from '../../../../kernel/jobs/job.js';
import type { Nanos } from '../../../../kernel/money/nano-units.js';
import type { Billing } from '../../../platform/billing/index.js';
import type { Spent } from '../data-plane/spend-guard.js';
import { closeIntent } from '../store/spend-intents.js';

/** A gateway writes every two seconds; one that was silent for so long is gone. */
const SILENT_SECONDS = 30;
const BATCH = 50;

interface AbandonedRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly organization_id: string;
  readonly department_id: string;
  readonly project_id: string;
  readonly route_id: string;
  readonly actor_id: string;
  readonly correlation_id: string;
  readonly held_nanos: Nanos;
  readonly input_price_id: string | null;
  readonly output_price_id: string | null;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly created_at: Date;
}

/**
 * Settles requests whose gateway died, at the last count that it wrote down; without a count the hold is given back.
 * A gateway that was only slow finds its row gone and charges nothing more.
 */
export function settleAbandonedJob(deps: {
  kernel: Kernel;
  billing: Pick<Billing, 'prices' | 'holds' | 'usage'>;
  silentSeconds?: number;
}): Job {
  const { kernel, billing } = deps;
  return {
    name: 'token_factory.settle_abandoned',
    everyMilliseconds: 10_000,
    async run() {
      const rows = await kernel.database.read('system', (tx) =>
        tx.rows<AbandonedRow>(
          `select * from token_factory.spend_intents where heartbeat_at < now() - make_interval(secs => $1) order by heartbeat_at limit ${BATCH}`,
          [deps.silentSeconds ?? SILENT_SECONDS],
        ),
      );
      for (const row of rows) {
        try {
          await settle(kernel, billing, row);
        } catch (error) {
          kernel.logger.error(
            { err: error, request: row.id },
            'an abandoned model request could not be settled and will be tried again',
          );
          await postpone(kernel, row.id);
        }
      }
      return rows.length === BATCH;
    },
  };
}

/** One that cannot be settled must not stand in the way of the others. */
async function postpone(kernel: Kernel, requestId: string): Promise<void> {
  await kernel.database.transaction('system', (tx) =>
    tx.execute('update token_factory.spend_intents set heartbeat_at = now() where id = $1', [requestId]),
  );
}

async function settle(
  kernel: Kernel,
  billing: Pick<Billing, 'prices' | 'holds' | 'usage'>,
  row: AbandonedRow,
): Promise<void> {
  const intent = {
    requestId: row.id,
    place: { organizationId: row.organization_id, departmentId: row.department_id, projectId: row.project_id },
    routeId: row.route_id,
    actorId: row.actor_id,
    correlationId: row.correlation_id,
    heldNanos: row.held_nanos,
    startedAt: row.created_at,
  };
  await kernel.database.transaction([row.organization_id], async (tx) => {
    const input = row.input_price_id === null ? null : await billing.prices.byId(tx, row.input_price_id);
    const output = row.output_price_id === null ? null : await billing.prices.byId(tx, row.output_price_id);
    const spent: Spent | null =
      input === null
        ? null
        : {
            price: {
              inputPriceId: input.id,
              inputNanos: input.unitPriceNanos,
              outputPriceId: output?.id ?? null,
              outputNanos: output?.unitPriceNanos ?? 0n,
              currency: input.currency,
            },
            modelSlug: input.priceKey.replace(/^model:/, ''),
            count: { inputTokens: row.input_tokens, outputTokens: row.output_tokens },
          };
    const cost = await closeIntent(tx, billing, intent, spent, new Date());
    if (cost !== null)
      kernel.logger.warn(
        { request: row.id, costNanos: String(cost) },
        'a model request was settled after its gateway was lost',
      );
  });
}
