import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { z } from 'zod';
import type { Command } from '../../../../kernel/commands/command.js';
import { Access, Cost, Tag } from '../../../../kernel/federation/directives.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import type { MutationReceipt, UserError } from '../../../../kernel/graphql/shared-types.js';
import type { AppsTimings } from '../domain/timings.js';
import { workItemLoader } from '../store/apps-queries.js';
import type { AppsCommands } from '../usecases/apps-commands.js';
import type { WorkQueue } from '../usecases/work-queue.js';
import type { WriteResult } from '../usecases/work-lease.js';
import { resolveInstance } from './instance-resolver.js';
import { AppInstance } from './instance-types.js';
import {
  AppWorkItem,
  AppWorkItemFailInput,
  AppWorkItemHeartbeatInput,
  AppWorkItemHeartbeatPayload,
  AppWorkItemLeaseInput,
  AppWorkItemLeasePayload,
  AppWorkItemPayload,
  AppWorkItemReleaseInput,
  AppWorkItemReportInput,
  AppWorkItemRetryInput,
  toWorkItem,
} from './work-item-types.js';

/** The contract of external workers: this and a token is all that one needs. */
@Resolver(() => AppWorkItem)
export class WorkerResolver {
  readonly #commands: AppsCommands;
  readonly #queue: WorkQueue;
  readonly #timings: AppsTimings;

  constructor(options: { commands: AppsCommands; queue: WorkQueue; timings: AppsTimings }) {
    this.#commands = options.commands;
    this.#queue = options.queue;
    this.#timings = options.timings;
  }

  @FieldResolver(() => AppInstance, { nullable: true, description: 'The instance it is about.' })
  instance(@Root() item: AppWorkItem, @Ctx() context: RequestContext): Promise<AppInstance | null> {
    return resolveInstance({ id: item.instanceId }, context);
  }

  @Mutation(() => AppWorkItemLeasePayload, {
    description:
      'Takes the next work item of these apps in a project, and waits for one if there is none. For app workers.',
  })
  @Tag('public')
  @Access('apps.work_item.lease')
  @Cost(5)
  async appWorkItemLease(
    @Arg('input', () => AppWorkItemLeaseInput, { description: 'Where, and for how long.' })
    input: AppWorkItemLeaseInput,
    @Ctx() context: RequestContext,
  ): Promise<AppWorkItemLeasePayload> {
    const { projectId, appSlugs, waitMs } = input;
    const result = await this.#queue.poll(context, { projectId, appSlugs, waitMs: waitMs ?? 0 });
    if (result === null) return { lease: null, userErrors: [], receipt: null };
    if (!result.ok) return { lease: null, userErrors: result.refusals.map(toUserError), receipt: null };
    const { receipt, value } = result;
    const workItem = value === null ? null : await resolveWorkItem({ id: value.workItemId }, context.fresh());
    if (value === null || workItem === null) return { lease: null, userErrors: [], receipt };
    const { leaseSeconds, heartbeatSeconds } = this.#timings;
    return {
      lease: { leaseId: value.leaseId, fence: value.fence, leaseSeconds, heartbeatSeconds, workItem },
      userErrors: [],
      receipt,
    };
  }

  @Mutation(() => AppWorkItemHeartbeatPayload, { description: 'Renews a lease. For app workers.' })
  @Tag('public')
  @Access('apps.work_item.heartbeat')
  appWorkItemHeartbeat(
    @Arg('input', () => AppWorkItemHeartbeatInput, { description: 'The lease.' }) input: AppWorkItemHeartbeatInput,
    @Ctx() context: RequestContext,
  ): Promise<AppWorkItemHeartbeatPayload> {
    return context.mutate(this.#commands.heartbeat, input, ({ answer }) => ({ answer }));
  }

  @Mutation(() => AppWorkItemPayload, { description: 'Tells how far the work is. For app workers.' })
  @Tag('public')
  @Access('apps.work_item.report')
  appWorkItemReport(
    @Arg('input', () => AppWorkItemReportInput, { description: 'What is known.' }) input: AppWorkItemReportInput,
    @Ctx() context: RequestContext,
  ): Promise<AppWorkItemPayload> {
    return write(this.#commands.report, input, context);
  }

  @Mutation(() => AppWorkItemPayload, {
    description: 'Ends the work as done. Repeating it changes nothing. For app workers.',
  })
  @Tag('public')
  @Access('apps.work_item.complete')
  appWorkItemComplete(
    @Arg('input', () => AppWorkItemReportInput, { description: 'The last report.' }) input: AppWorkItemReportInput,
    @Ctx() context: RequestContext,
  ): Promise<AppWorkItemPayload> {
    return write(this.#commands.complete, input, context);
  }

  @Mutation(() => AppWorkItemPayload, { description: 'Ends an attempt as failed. For app workers.' })
  @Tag('public')
  @Access('apps.work_item.fail')
  appWorkItemFail(
    @Arg('input', () => AppWorkItemFailInput, { description: 'The failure.' }) input: AppWorkItemFailInput,
    @Ctx() context: RequestContext,
  ): Promise<AppWorkItemPayload> {
    return write(this.#commands.fail, input, context);
  }

  @Mutation(() => AppWorkItemPayload, { description: 'Gives a lease back. For app workers.' })
  @Tag('public')
  @Access('apps.work_item.release')
  appWorkItemRelease(
    @Arg('input', () => AppWorkItemReleaseInput, { description: 'The lease.' }) input: AppWorkItemReleaseInput,
    @Ctx() context: RequestContext,
  ): Promise<AppWorkItemPayload> {
    return write(this.#commands.release, input, context);
  }

  @Mutation(() => AppWorkItemPayload, { description: 'Tries work again that was given up.' })
  @Tag('public')
  @Access('apps.work_item.retry')
  appWorkItemRetry(
    @Arg('input', () => AppWorkItemRetryInput, { description: 'The work.' }) input: AppWorkItemRetryInput,
    @Ctx() context: RequestContext,
  ): Promise<AppWorkItemPayload> {
    return context.mutate(this.#commands.retry, input, async ({ workItemId }) => ({
      workItem: await resolveWorkItem({ id: workItemId }, context),
    }));
  }
}

/** A late write is accepted as evidence and refused as a change: the caller is told STALE_FENCE, and nothing of it was applied. */
async function write<Input extends z.ZodType>(
  command: Command<Input, WriteResult>,
  input: unknown,
  context: RequestContext,
): Promise<AppWorkItemPayload> {
  const result = await context.execute(command, input);
  if (!result.ok) return { workItem: null, userErrors: result.refusals.map(toUserError), receipt: null };
  const { workItemId, isApplied, lateReportId } = result.value;
  const userErrors: UserError[] = isApplied
    ? []
    : [
        {
          code: 'STALE_FENCE',
          field: ['input', 'leaseId'],
          message: 'The lease was lost. Nothing was applied; stop this work and ask for new.',
          details: { lateReportId },
        },
      ];
  const receipt: MutationReceipt = result.receipt;
  return { workItem: await resolveWorkItem({ id: workItemId }, context), userErrors, receipt };
}

function toUserError(refusal: {
  code: string;
  message: string;
  field?: readonly string[];
  details?: Readonly<Record<string, unknown>>;
}): UserError {
  return {
    code: refusal.code,
    message: refusal.message,
    field: refusal.field === undefined ? null : [...refusal.field],
    details: refusal.details === undefined ? null : { ...refusal.details },
  };
}

export async function resolveWorkItem(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<AppWorkItem | null> {
  const row = await context.load(workItemLoader, String(reference['id']));
  return row === null ? null : toWorkItem(row);
}
