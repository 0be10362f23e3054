import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { z } from 'zod';
import type { Command, Json } from '../../../../kernel/commands/command.js';
import { Access, Tag } from '../../../../kernel/federation/directives.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import type { AppsCommands } from '../usecases/apps-commands.js';
import {
  AppInstanceActionInput,
  AppInstanceDecommissionInput,
  AppInstanceLaunchInput,
  AppInstanceRepairInput,
  AppInstanceUpgradeInput,
  toCommandInput,
} from './instance-inputs.js';
import { resolveInstance } from './instance-resolver.js';
import { AppInstance, AppInstancePayload } from './instance-types.js';

@Resolver(() => AppInstance)
export class InstanceMutationResolver {
  readonly #commands: AppsCommands;

  constructor(commands: AppsCommands) {
    this.#commands = commands;
  }

  @Mutation(() => AppInstancePayload, { description: 'Launches an app on an allocation.' })
  @Tag('public')
  @Access('apps.instance.launch')
  appInstanceLaunch(
    @Arg('input', () => AppInstanceLaunchInput, { description: 'The launch.' }) input: AppInstanceLaunchInput,
    @Ctx() context: RequestContext,
  ): Promise<AppInstancePayload> {
    return run(this.#commands.launch, toCommandInput(input), context);
  }

  @Mutation(() => AppInstancePayload, { description: 'Starts an instance that is stopped or failed.' })
  @Tag('public')
  @Access('apps.instance.start')
  appInstanceStart(
    @Arg('input', () => AppInstanceActionInput, { description: 'The instance.' }) input: AppInstanceActionInput,
    @Ctx() context: RequestContext,
  ): Promise<AppInstancePayload> {
    return run(this.#commands.start, input, context);
  }

  @Mutation(() => AppInstancePayload, { description: 'Stops an instance; its run time stops to count now.' })
  @Tag('public')
  @Access('apps.instance.stop')
  appInstanceStop(
    @Arg('input', () => AppInstanceActionInput, { description: 'The instance.' }) input: AppInstanceActionInput,
    @Ctx() context: RequestContext,
  ): Promise<AppInstancePayload> {
    return run(this.#commands.stop, input, context);
  }

  @Mutation(() => AppInstancePayload, {
    description: 'Restarts a simple app; a cluster app refuses with CONFLICT and offers reconcile or repair.',
  })
  @Tag('public')
  @Access('apps.instance.restart')
  appInstanceRestart(
    @Arg('input', () => AppInstanceActionInput, { description: 'The instance.' }) input: AppInstanceActionInput,
    @Ctx() context: RequestContext,
  ): Promise<AppInstancePayload> {
    return run(this.#commands.restart, input, context);
  }

  @Mutation(() => AppInstancePayload, {
    description: 'Has a worker look at what runs and mend it without destroying anything.',
  })
  @Tag('public')
  @Access('apps.instance.reconcile')
  appInstanceReconcile(
    @Arg('input', () => AppInstanceActionInput, { description: 'The instance.' }) input: AppInstanceActionInput,
    @Ctx() context: RequestContext,
  ): Promise<AppInstancePayload> {
    return run(this.#commands.reconcile, input, context);
  }

  @Mutation(() => AppInstancePayload, { description: 'Repairs a cluster app.' })
  @Tag('public')
  @Access('apps.instance.repair')
  appInstanceRepair(
    @Arg('input', () => AppInstanceRepairInput, { description: 'The repair.' }) input: AppInstanceRepairInput,
    @Ctx() context: RequestContext,
  ): Promise<AppInstancePayload> {
    return run(this.#commands.repair, input, context);
  }

  @Mutation(() => AppInstancePayload, { description: 'Moves an instance to another version or other values.' })
  @Tag('public')
  @Access('apps.instance.upgrade')
  appInstanceUpgrade(
    @Arg('input', () => AppInstanceUpgradeInput, { description: 'The upgrade.' }) input: AppInstanceUpgradeInput,
    @Ctx() context: RequestContext,
  ): Promise<AppInstancePayload> {
    return run(this.#commands.upgrade, toCommandInput(input), context);
  }

  @Mutation(() => AppInstancePayload, { description: 'Removes an instance; accepted in every state.' })
  @Tag('public')
  @Access('apps.instance.decommission')
  appInstanceDecommission(
    @Arg('input', () => AppInstanceDecommissionInput, { description: 'The instance.' })
    input: AppInstanceDecommissionInput,
    @Ctx() context: RequestContext,
  ): Promise<AppInstancePayload> {
    return run(this.#commands.decommission, input, context);
  }
}

function run<Input extends z.ZodType, Result extends { id: string } & Json>(
  command: Command<Input, Result>,
  input: unknown,
  context: RequestContext,
): Promise<AppInstancePayload> {
  return context.mutate(command, input, async ({ id }) => ({ appInstance: await resolveInstance({ id }, context) }));
}
