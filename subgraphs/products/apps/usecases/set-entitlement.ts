import { LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { entitlementChanged } from '../domain/apps-events.js';
import { findAppId } from '../store/catalogue-store.js';
import { EntitlementEntity } from '../store/entities.js';
import type { AppsServices } from './apps-services.js';

const input = z.object({ projectId: z.string(), appSlug: z.string(), idempotencyKey });

/**
 * Enables or disables an app for a project. Disabling ends new launches only: what runs goes on. Saying again what holds already
 * is accepted and changes nothing.
 */
export function createSetEntitlement(
  services: AppsServices,
  isEnabled: boolean,
): Command<typeof input, { id: string }> {
  return defineCommand({
    action: isEnabled ? 'apps.entitlement.enable' : 'apps.entitlement.disable',
    input,
    scope: async ({ projectId }) => (await services.iam.directory.project(projectId))?.scope ?? null,
    async run(context, { projectId, appSlug }) {
      const project = await services.iam.directory.project(projectId);
      if (project === null)
        return refuse('NOT_FOUND', `There is no project ${projectId}.`, { field: ['input', 'projectId'] });
      const appId = await findAppId(context.tx, appSlug);
      if (appId === null) return refuse('NOT_FOUND', `There is no app "${appSlug}".`, { field: ['input', 'appSlug'] });
      const existing = await context.tx.em.findOne(
        EntitlementEntity,
        { projectId, appId },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      const id = existing?.id ?? newId('ent');
      context.describe({ type: 'AppEntitlement', id }, { appSlug, isEnabled });
      if (existing?.isEnabled === isEnabled) return accept({ id });
      const change = { isEnabled, changedBy: context.actor.id, changedAt: context.now };
      if (existing === null) {
        const { organizationId, departmentId } = project;
        context.tx.em.create(EntitlementEntity, { id, organizationId, departmentId, projectId, appId, ...change });
      } else Object.assign(existing, change);
      context.emit(entitlementChanged, { subjectId: id, scope: context.scope, data: { appSlug, isEnabled } });
      return accept({ id });
    },
  });
}
