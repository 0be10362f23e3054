import { z } from 'zod';
import type { Scope } from '../../../../../kernel/access/authority.js';
import { type CommandContext, type ScopeLookup, defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import type { Registry } from '../../../registry/index.js';
import { quotaChanged } from '../../domain/iam-events.js';
import { findParentScope, findScope } from '../find-scope.js';

const quotaInput = z.object({
  scopeId: z.string(),
  /** A principal inside the project that `scopeId` names, or `*` for each that has no limit of its own. */
  principalId: z.string().optional(),
  dimension: z.string(),
  limit: z.bigint().min(0n, 'must not be negative').max(1_000_000_000_000_000n, 'must be at most 10^15').nullable(),
  idempotencyKey,
});
type QuotaInput = z.output<typeof quotaInput>;

/**
 * Sets or (null) lifts the limit of a node. Limits come from above: the platform limits organizations, an organization
 * its departments, a department its projects, and a project those who work in it.
 */
export function createSetQuota(registry: Registry) {
  return defineCommand({
    action: 'iam.quota.set',
    input: quotaInput,
    scope: async (input, lookup) => {
      const scope = await findScope(lookup, input.scopeId);
      if (scope === null || input.principalId !== undefined) return scope?.level === 'project' ? scope : null;
      return findParentScope(lookup, scope);
    },
    async run(context, input) {
      if (registry.quotaDimension(input.dimension) === null) {
        return refuse('NOT_REGISTERED', `"${input.dimension}" is not a registered quota dimension.`, {
          field: ['input', 'dimension'],
        });
      }
      const node = await findScope(lookupIn(context), input.scopeId);
      if (node === null) return refuse('NOT_FOUND', `There is no ${input.scopeId}.`, { field: ['input', 'scopeId'] });
      const scopeId = input.principalId === undefined ? node.id : `${node.id}/${input.principalId}`;
      const scopeLevel = input.principalId === undefined ? node.level : 'principal';
      const { id, from } = await writeLimit(context, { ...input, node, scopeId, scopeLevel });
      const to = input.limit?.toString() ?? null;
      context.describe({ type: 'Quota', id }, { dimension: input.dimension, scopeId, from, to });
      context.emit(quotaChanged, {
        subjectId: id,
        scope: node,
        data: { scopeLevel, scopeId, dimension: input.dimension, from, to },
      });
      return accept({ id });
    },
  });
}

function lookupIn({ tx }: CommandContext): ScopeLookup {
  return { row: (text, values) => tx.row(text, values) };
}

async function writeLimit(
  { tx, now }: CommandContext,
  node: Pick<QuotaInput, 'dimension' | 'limit'> & { node: Scope; scopeId: string; scopeLevel: string },
): Promise<{ id: string; from: string | null }> {
  const { organizationId } = node.node;
  await tx.rows('select iam.lock_quotas($1)', [organizationId]);
  const before = await tx.row<{ limit_amount: bigint | null }>(
    'select limit_amount from iam.quotas where scope_id = $1 and dimension = $2',
    [node.scopeId, node.dimension],
  );
  const row = await tx.row<{ id: string }>(
    `insert into iam.quotas (id, organization_id, scope_level, scope_id, project_id, dimension, limit_amount, changed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict on constraint quotas_node do update set limit_amount = excluded.limit_amount, changed_at = excluded.changed_at
     returning id`,
    [
      newId('qta'),
      organizationId,
      node.scopeLevel,
      node.scopeId,
      node.node.level === 'project' ? node.node.id : null,
      node.dimension,
      node.limit,
      now,
    ],
  );
  return { id: row?.id ?? '', from: before?.limit_amount?.toString() ?? null };
}
