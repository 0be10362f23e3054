import type { Job } from '../../../../kernel/jobs/job.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import type { Registry } from '../../../platform/registry/index.js';

export const GATEWAY_COMPONENT = 'token-factory.gateway';
export const PROVIDERS_COMPONENT = 'token-factory.providers';

/** Reports to the status page: whether models can be reached at all, and how the providers do. */
export function reportHealthJob(deps: {
  kernel: Kernel;
  registry: Pick<Registry, 'reportHealth'>;
  isServing: () => boolean;
}): Job {
  return {
    name: 'token_factory.report_health',
    everyMilliseconds: 10_000,
    wakeOn: ['token_factory.provider.'],
    async run() {
      await deps.kernel.database.transaction('system', async (tx) => {
        const rows = await tx.rows<{ name: string; health: string }>(
          'select name, health from token_factory.provider_accounts where is_enabled order by name',
        );
        const ill = rows.filter((row) => row.health !== 'healthy');
        const isAllDown = rows.length > 0 && rows.every((row) => row.health === 'down');
        const reports = [
          {
            componentId: PROVIDERS_COMPONENT,
            health: isAllDown ? 'unavailable' : ill.length > 0 ? 'degraded' : 'ready',
            detail: ill.map((row) => `${row.name} is ${row.health}`).join(', '),
          },
          { componentId: GATEWAY_COMPONENT, health: deps.isServing() ? 'ready' : 'unavailable', detail: '' },
        ] as const;
        for (const { detail, ...report } of reports) {
          const outcome = await deps.registry.reportHealth(tx, detail === '' ? report : { ...report, detail });
          if (!outcome.ok)
            deps.kernel.logger.warn(
              { component: report.componentId, refusal: outcome.refusals[0]?.message },
              'a health report was refused',
            );
        }
      });
      return false;
    },
  };
}
