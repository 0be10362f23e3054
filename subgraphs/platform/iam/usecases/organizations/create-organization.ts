import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../../kernel/access/authority.js';
import { type CommandContext, defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { departmentCreated, organizationCreated } from '../../domain/iam-events.js';
import { displayName, slug, slugOf } from '../../domain/names.js';
import { DepartmentEntity, OrganizationEntity } from '../../store/entities/hierarchy-entities.js';

/** Creates the organization and its default department together: there is no organization without one. */
export const createOrganization = defineCommand({
  action: 'iam.organization.create',
  input: z.object({
    name: displayName,
    slug: slug.optional(),
    type: z.enum(['personal', 'enterprise']).default('enterprise'),
    idempotencyKey,
  }),
  scope: () => PLATFORM_SCOPE,
  async run(context, input) {
    const wanted = input.slug ?? slugOf(input.name);
    // Two may choose one slug at once: whoever comes second waits here, and then sees the first.
    await context.tx.rows(`select pg_advisory_xact_lock(hashtextextended('iam.organization ' || $1, 0))`, [wanted]);
    const taken = await context.tx.row('select 1 as found from iam.organizations where slug = $1', [wanted]);
    if (taken !== null)
      return refuse('ALREADY_EXISTS', `An organization with the slug "${wanted}" exists.`, {
        field: ['input', 'slug'],
      });
    const id = newId('org');
    const departmentId = newId('dep');
    await insert(context, { id, departmentId, name: input.name, slug: wanted, type: input.type });
    const scope = { level: 'organization', id, organizationId: id } as const;
    context.describe({ type: 'Organization', id }, { slug: wanted, organizationType: input.type });
    context.emit(organizationCreated, {
      subjectId: id,
      scope,
      data: { name: input.name, slug: wanted, organizationType: input.type, departmentId },
    });
    context.emit(departmentCreated, { subjectId: departmentId, scope, data: { name: 'Default', slug: 'default' } });
    return accept({ id, departmentId });
  },
});

async function insert(
  { tx, actor, now }: CommandContext,
  row: { id: string; departmentId: string; name: string; slug: string; type: 'personal' | 'enterprise' },
): Promise<void> {
  const { id, departmentId, ...facts } = row;
  tx.em.create(OrganizationEntity, {
    id,
    ...facts,
    state: 'active',
    stateReason: null,
    stateChangedAt: now,
    createdAt: now,
    createdBy: actor.id,
  });
  await tx.em.flush();
  tx.em.create(DepartmentEntity, {
    id: departmentId,
    organizationId: id,
    name: 'Default',
    slug: 'default',
    isDefault: true,
    createdAt: now,
  });
  await tx.execute('insert into iam.access_revisions (scope_id) values ($1)', [id]);
}
