import { z } from 'zod';
import { type Command, defineCommand } from '../../../../kernel/commands/command.js';
import { accept } from '../../../../kernel/errors/refusal.js';
import { lockInstance, scopeOfInstance } from '../store/instance-store.js';
import type { AppsServices } from './apps-services.js';
import { setConditions } from './change-instance.js';

const input = z.object({ id: z.string(), isReachable: z.boolean() });

/** The platform's own: says whether a worker still asks the instance's queue. Takes nothing down, whatever the answer. */
export function createObserveController(services: AppsServices): Command<typeof input, null> {
  return defineCommand({
    action: 'apps.instance.observe_controller',
    input,
    scope: ({ id }, lookup) => scopeOfInstance(lookup, id),
    async run(context, { id, isReachable }) {
      const instance = await lockInstance(context.tx, id);
      if (instance === null) return accept(null);
      await setConditions({ context, services }, instance, [
        isReachable
          ? { type: 'ControllerReachable', status: 'True', reason: 'Polling', message: 'A worker asks for work.' }
          : {
              type: 'ControllerReachable',
              status: 'Unknown',
              reason: 'NoWorker',
              message: `No worker of ${instance.appSlug} has asked for work in this project for ${services.timings.controllerSilentSeconds} s. What runs keeps running; nothing new is done.`,
            },
      ]);
      context.describe({ type: 'AppInstance', id }, { isReachable });
      return accept(null);
    },
  });
}
