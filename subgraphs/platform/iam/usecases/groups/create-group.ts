import { z } from 'zod';
import { defineCommand } from '../../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import { groupCreated } from '../../domain/iam-events.js';
import { displayName } from '../../domain/names.js';
import { GroupEntity } from '../../store/entities/access-entities.js';
import { findScope } from '../find-scope.js';

/** A group of an organization, or (`platform`) of the platform's own staff. */
export const createGroup = defineCommand({
  action: 'iam.group.create',
  input: z.object({
    scopeId: z.string(),
    name: displayName,
    description: z.string().max(1000).default(''),
    idempotencyKey,
  }),
  scope: (input, lookup) => findScope(lookup, input.scopeId),
  changesAccess: true,
  async run(context, input) {
    const { scope } = context;
    if (scope.level !== 'organization' && scope.level !== 'platform') {
      return refuse('INVALID_INPUT', 'A group belongs to an organization or to the platform.', {
        field: ['input', 'scopeId'],
      });
    }
    const { organizationId } = scope;
    const taken = await context.tx.row(
      'select 1 as found from iam.groups where organization_id is not distinct from $1 and name = $2',
      [organizationId, input.name],
    );
    if (taken !== null)
      return refuse('ALREADY_EXISTS', `A group "${input.name}" exists.`, { field: ['input', 'name'] });
    const id = newId('grp');
    context.tx.em.create(GroupEntity, {
      id,
      organizationId,
      name: input.name,
      description: input.description,
      createdAt: context.now,
    });
    context.describe({ type: 'Group', id });
    context.emit(groupCreated, { subjectId: id, scope, data: { name: input.name } });
    return accept({ id });
  },
});
