import { z } from 'zod';
import { type Command, defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import type { Registry } from '../../../registry/index.js';
import type { PrincipalAccess } from '../../credentials-parts.js';
import { serviceAccountCreated } from '../../domain/credentials/credential-events.js';
import { allowListFault, allowListInput, credentialName } from './credential-rules.js';

const ACCOUNTS_PER_PROJECT_MAXIMUM = 100;

const input = z.object({
  projectId: z.string(),
  name: credentialName,
  slug: z.string().regex(/^[a-z][a-z0-9-]{1,38}[a-z0-9]$/, 'must be 3 to 40 lower-case letters, digits or hyphens'),
  description: z.string().max(500, 'must have at most 500 characters').default(''),
  allowList: allowListInput,
  idempotencyKey,
});

/**
 * Makes a service account in a project. It can do nothing yet: role bindings say what it may, the allow-list what it may
 * at most. Refuses an archived project, a slug that is taken, an unknown permission, a credential that would be exceeded.
 */
export function createCreateServiceAccount(dependencies: {
  access: PrincipalAccess;
  registry: Registry;
}): Command<typeof input, { id: string }> {
  const { access, registry } = dependencies;
  return defineCommand({
    action: 'iam.service_account.create',
    input,
    scope: async ({ projectId }) => (await access.project(projectId))?.scope ?? null,
    async run(context, values) {
      const place = await access.project(values.projectId);
      if (place === null || !place.isActive) {
        return refuse('INVALID_STATE', 'The project is archived; nothing new starts in it.', {
          field: ['input', 'projectId'],
        });
      }
      const fault = allowListFault(values.allowList, registry, context.actor);
      if (fault !== null) return fault;
      const { tx, now } = context;
      const count = await tx.row<{ accounts: bigint }>(
        `select count(*) as accounts from iam.service_accounts where project_id = $1 and state <> 'deleted'`,
        [values.projectId],
      );
      if ((count?.accounts ?? 0n) >= ACCOUNTS_PER_PROJECT_MAXIMUM) {
        return refuse('LIMIT_REACHED', `A project has at most ${ACCOUNTS_PER_PROJECT_MAXIMUM} service accounts.`);
      }
      const id = newId('sva');
      // Whole seconds: tokens count seconds, and one that is minted at once must not look older than its account.
      const validFrom = new Date(Math.floor(now.getTime() / 1000) * 1000);
      const made = await tx.execute(
        `insert into iam.service_accounts (id, organization_id, department_id, project_id, name, slug, description,
           allow_list, state, state_changed_at, tokens_valid_from, created_at, created_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9, $10, $9, $11)
         on conflict (project_id, slug) where state <> 'deleted' do nothing`,
        [
          id,
          place.organizationId,
          place.departmentId,
          place.projectId,
          values.name,
          values.slug,
          values.description,
          values.allowList,
          now,
          validFrom,
          context.actor.id,
        ],
      );
      if (made === 0) {
        return refuse('ALREADY_EXISTS', `The project has a service account "${values.slug}".`, {
          field: ['input', 'slug'],
        });
      }
      context.describe({ type: 'ServiceAccount', id }, { slug: values.slug, allowList: values.allowList });
      context.emit(serviceAccountCreated, {
        subjectId: id,
        scope: place.scope,
        data: { slug: values.slug, allowList: values.allowList },
      });
      return accept({ id });
    },
  });
}
