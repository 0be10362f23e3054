import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../../kernel/access/authority.js';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { userRegistered } from '../../domain/credentials/credential-events.js';

/** Makes the row of a person who signs in for the first time. The pair of issuer and subject is the identity. */
export const registerUser = defineCommand({
  action: 'iam.user.register',
  input: z.object({
    issuer: z.string(),
    subject: z.string(),
    email: z.string().nullable(),
    displayName: z.string().nullable(),
  }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const newUserId = newId('usr');
    const row = await context.tx.row<{ id: string }>('select iam.ensure_user($1, $2, $3, $4, $5) as id', [
      newUserId,
      input.issuer,
      input.subject,
      input.email,
      input.displayName ?? 'Somebody',
    ]);
    const id = row?.id ?? newUserId;
    context.describe({ type: 'User', id });
    // Another request of the same person may have been faster; it told the event.
    if (id === newUserId) context.emit(userRegistered, { subjectId: id, scope: PLATFORM_SCOPE, data: {} });
    return accept({ id });
  },
});
