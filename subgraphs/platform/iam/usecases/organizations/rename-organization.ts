import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { organizationRenamed } from '../../domain/iam-events.js';
import { displayName } from '../../domain/names.js';
import { OrganizationEntity } from '../../store/entities/hierarchy-entities.js';
import type { AccessDependencies } from '../access-dependencies.js';
import { findScope } from '../find-scope.js';

/** The name is for people: the slug stays, because addresses do. */
export function createRenameOrganization({ changes }: AccessDependencies) {
  return defineCommand({
    action: 'iam.organization.rename',
    input: z.object({ id: z.string(), name: displayName }),
    scope: (input, lookup) => findScope(lookup, input.id),
    changesAccess: true,
    async run(context, input) {
      const organization = await context.tx.em.findOne(OrganizationEntity, { id: input.id });
      if (organization === null)
        return refuse('NOT_FOUND', `There is no organization ${input.id}.`, { field: ['input', 'id'] });
      organization.name = input.name;
      await changes.record(context.tx, input.id);
      context.describe({ type: 'Organization', id: input.id });
      context.emit(organizationRenamed, {
        subjectId: input.id,
        scope: context.scope,
        data: { name: input.name, slug: organization.slug },
      });
      return accept({ id: input.id });
    },
  });
}
