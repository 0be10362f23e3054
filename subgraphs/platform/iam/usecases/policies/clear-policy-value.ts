import { z } from 'zod';
import type { Scope } from '../../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { policyCleared } from '../../domain/iam-events.js';

/** Removes what a scope says about a policy: what the scopes above say counts again. */
export const clearPolicyValue = defineCommand({
  action: 'iam.policy.clear',
  input: z.object({ id: z.string() }),
  scope: async (input, lookup): Promise<Scope | null> => {
    const row = await lookup.row<{ scope_level: Scope['level']; scope_id: string; organization_id: string | null }>(
      'select scope_level, scope_id, organization_id from iam.policy_values where id = $1',
      [input.id],
    );
    return row === null ? null : { level: row.scope_level, id: row.scope_id, organizationId: row.organization_id };
  },
  async run(context, input) {
    const { scope } = context;
    const gone = await context.tx.row<{ key: string }>('delete from iam.policy_values where id = $1 returning key', [
      input.id,
    ]);
    if (gone === null) return refuse('NOT_FOUND', `There is no policy value ${input.id}.`, { field: ['input', 'id'] });
    context.describe({ type: 'PolicyValue', id: input.id }, { key: gone.key, scopeId: scope.id });
    context.emit(policyCleared, {
      subjectId: input.id,
      scope,
      data: { key: gone.key, scopeLevel: scope.level, scopeId: scope.id },
    });
    return accept({ id: input.id });
  },
});
