import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { nodeStateChanged } from '../domain/node-events.js';
import { type AllocationServices, secondsAfter } from '../services.js';
import { issueBootstrapToken } from '../store/bootstrap-tokens.js';
import { ComputeNodeEntity, RegionEntity, SkuEntity } from '../store/entities.js';

/** Registers a machine and reveals its bootstrap token, once. Whole machines bring their units; slices wait for slots. */
export function createCreateNode(services: AllocationServices) {
  return defineCommand({
    action: 'allocations.node.create',
    input: z.object({
      name: z.string().regex(/^[a-z0-9][a-z0-9-]{1,62}$/, 'must be 2 to 63 lower-case letters, digits and hyphens'),
      region: z.string(),
      sku: z.string(),
      gpuCount: z.int().min(0).max(1024),
      images: z.array(z.string()).max(50).optional(),
      idempotencyKey,
    }),
    scope: () => PLATFORM_SCOPE,
    async run(context, input) {
      const { em } = context.tx;
      const region = await em.findOne(RegionEntity, { name: input.region });
      if (region === null)
        return refuse('NOT_FOUND', `There is no region ${input.region}.`, { field: ['input', 'region'] });
      const sku = await em.findOne(SkuEntity, { name: input.sku });
      if (sku === null) return refuse('NOT_FOUND', `There is no SKU ${input.sku}.`, { field: ['input', 'sku'] });
      if ((await em.findOne(ComputeNodeEntity, { name: input.name })) !== null) {
        return refuse('ALREADY_EXISTS', `There is a node ${input.name} already.`, { field: ['input', 'name'] });
      }
      const id = newId('nod');
      const { now } = context;
      em.create(ComputeNodeEntity, {
        id,
        name: input.name,
        regionId: region.id,
        skuId: sku.id,
        state: 'bootstrap_issued',
        stateReason: null,
        stateChangedAt: now,
        stateDeadlineAt: secondsAfter(now, services.timing.bootstrapTokenSeconds),
        scheduling: 'ELIGIBLE',
        health: 'UNKNOWN',
        healthDetail: null,
        connectivity: 'LOST',
        connectivityChangedAt: now,
        gpuCount: input.gpuCount,
        createdAt: now,
      });
      const { token } = await issueBootstrapToken(context, id, services.timing.bootstrapTokenSeconds);
      const units = sku.schedulingUnit === 'node' ? input.gpuCount : 0;
      await context.tx.execute(
        'update allocations.nodes set total_units = $2, free_units = $2, images = $3 where id = $1',
        [id, units, input.images ?? sku.resourceProfile.images],
      );
      context.describe({ type: 'ComputeNode', id }, { name: input.name });
      const data = { from: null, to: 'bootstrap_issued', reason: null };
      context.emit(nodeStateChanged, { subjectId: id, scope: PLATFORM_SCOPE, data });
      return accept({ id }, { reveal: token });
    },
  });
}
