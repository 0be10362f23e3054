import { systemActor } from '../../../../../kernel/access/actor.js';
import type { Kernel } from '../../../../../kernel/kernel.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { builtInRoleId } from '../../domain/access/built-in-roles.js';
import type { AccessCommands } from '../access-commands.js';

/**
 * Makes the people that the configuration names platform administrators, before they first sign in. Done again at each
 * start, so a name that was added counts; one that was removed, or whose binding was revoked, is not touched: revoke
 * it through the graph, and take it off the list.
 */
export async function seedFirstOperators(kernel: Kernel, commands: AccessCommands, issuer: string): Promise<void> {
  const role = builtInRoleId('platform_admin');
  for (const subject of kernel.configuration.operatorSubjects) {
    const known = await kernel.database.transaction('system', (tx) =>
      tx.row<{ id: string; was_bound: boolean }>(
        `select u.id, exists (select from iam.role_bindings b where b.principal_id = u.id and b.role_id = $3 and b.scope_id = 'platform') as was_bound
         from (select iam.ensure_user($1, $2, $4, null, $4) as id) u`,
        [newId('usr'), issuer, role, subject],
      ),
    );
    if (known === null || known.was_bound) continue;
    const input = {
      scopeId: 'platform',
      principalId: known.id,
      role,
      reason: 'Named in the configuration (CP_OPERATORS).',
    };
    const result = await kernel.pipeline.execute(commands.createRoleBinding, input, {
      actor: systemActor('iam.first_operators'),
      correlationId: newId('cor'),
    });
    // Another process may have been faster; nothing else is expected to be refused.
    if (!result.ok && result.refusals[0]?.code !== 'ALREADY_EXISTS')
      throw new Error(`the operator ${subject} could not be made an administrator`);
  }
}
