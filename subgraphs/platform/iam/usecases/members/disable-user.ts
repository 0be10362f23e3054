import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { userDisabled, userEnabled } from '../../domain/iam-events.js';
import { reason } from '../../domain/names.js';
import type { AccessDependencies } from '../access-dependencies.js';

/** Disables a person everywhere at once: no binding, token or session of theirs counts from the commit on. */
export function createDisableUser({ changes }: AccessDependencies) {
  return defineCommand({
    action: 'iam.user.disable',
    input: z.object({ id: z.string(), reason }),
    scope: () => PLATFORM_SCOPE,
    changesAccess: true,
    async run(context, input) {
      if (input.id === context.actor.id)
        return refuse('INVALID_STATE', 'You cannot disable yourself.', { field: ['input', 'id'] });
      const found = await context.tx.execute(
        'update iam.users set is_disabled = true, version = version + 1 where id = $1',
        [input.id],
      );
      if (found === 0) return refuse('NOT_FOUND', `There is no user ${input.id}.`, { field: ['input', 'id'] });
      await context.tx.execute(
        'insert into iam.revoked_principals (principal_id, organization_id, reason) values ($1, null, $2) on conflict do nothing',
        [input.id, input.reason],
      );
      await changes.record(context.tx, null);
      context.describe({ type: 'User', id: input.id });
      context.emit(userDisabled, { subjectId: input.id, scope: PLATFORM_SCOPE, data: { reason: input.reason } });
      return accept({ id: input.id });
    },
  });
}

export function createEnableUser({ changes }: AccessDependencies) {
  return defineCommand({
    action: 'iam.user.enable',
    input: z.object({ id: z.string() }),
    scope: () => PLATFORM_SCOPE,
    changesAccess: true,
    async run(context, input) {
      const found = await context.tx.execute(
        'update iam.users set is_disabled = false, version = version + 1 where id = $1',
        [input.id],
      );
      if (found === 0) return refuse('NOT_FOUND', `There is no user ${input.id}.`, { field: ['input', 'id'] });
      await context.tx.execute('delete from iam.revoked_principals where principal_id = $1', [input.id]);
      await changes.record(context.tx, null);
      context.describe({ type: 'User', id: input.id });
      context.emit(userEnabled, { subjectId: input.id, scope: PLATFORM_SCOPE, data: {} });
      return accept({ id: input.id });
    },
  });
}
