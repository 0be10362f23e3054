import { type ExecutionResult, graphql } from 'graphql';
import { type Actor, systemActor } from '../../../../kernel/access/actor.js';
import type { CommandResult, Json } from '../../../../kernel/commands/command.js';
import type { Transaction } from '../../../../kernel/database/transaction.js';
import type { Outcome } from '../../../../kernel/errors/refusal.js';
import { buildFederatedSchema } from '../../../../kernel/federation/federated-schema.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { parseDecimal } from '../../../../kernel/money/nano-units.js';
import { TestAuthority } from '../../../../kernel/testing/test-authority.js';
import { startTestKernel } from '../../../../kernel/testing/test-kernel.js';
import type { Billing, Place, UsageEvent } from '../contract.js';
import { billingDefinition, createBilling } from '../index.js';
import { conservationOf, driftOf, usageReconciliation } from '../store/reconciliation-queries.js';
import { TestDirectory, TestPolicies, TestRegistry } from './stand-ins.js';

/** Decimal text as nano-units. */
export function nanos(text: string): bigint {
  const value = parseDecimal(text);
  if (value === null) throw new Error(`not a decimal: ${text}`);
  return value;
}

/** The value of an outcome that must have been accepted. */
export function accepted<Value>(outcome: Outcome<Value>): Value {
  if (!outcome.ok) throw new Error(`refused: ${JSON.stringify(outcome.refusals)}`);
  return outcome.value;
}

export type BillingFixture = Awaited<ReturnType<typeof startBilling>>;

/** Billing on a database of its own, with stand-ins for IAM and the registry, and a clock that a test may move. */
export async function startBilling() {
  const test = await startTestKernel({ domains: [billingDefinition] });
  const authority = new TestAuthority();
  const [directory, policies, registry] = [new TestDirectory(), new TestPolicies(), new TestRegistry()];
  const time = { offset: 0 };
  const clock = (): Date => new Date(Date.now() + time.offset);
  const { kernel } = test;
  kernel.pipeline.useAuthority(authority);
  const billing: Billing = createBilling({
    kernel,
    iam: { directory, policies },
    registry,
    configuration: kernel.configuration,
    clock,
  });
  const { schema, sdl } = buildFederatedSchema(billing.subgraph);
  const commands = new Map(billing.subgraph.commands.map((command) => [command.action, command]));

  const inside = <Result>(organizationId: string, work: (tx: Transaction) => Promise<Result>): Promise<Result> =>
    kernel.database.transaction([organizationId], work);
  const run = (
    action: string,
    input: Json | object,
    actor: Actor = systemActor('test'),
  ): Promise<CommandResult<Json>> => {
    const command = commands.get(action);
    if (command === undefined) throw new Error(`no command ${action}`);
    return kernel.pipeline.execute(command, input, { actor, correlationId: newId('cor') });
  };
  const price = async (priceKey: string, unit: string, unitPrice: string, organizationId?: string): Promise<string> => {
    const set = await run('billing.price.set', { priceKey, unit, unitPrice, organizationId });
    if (!set.ok) throw new Error(JSON.stringify(set.refusals));
    const owner = organizationId ?? directory.organizationNew();
    const snapshot = await inside(owner, (tx) =>
      billing.prices.snapshot(tx, { priceKey, unit, organizationId: owner }),
    );
    return accepted(snapshot).id;
  };
  const topUp = async (organizationId: string, amount: string): Promise<void> => {
    const result = await run('billing.account.top_up', { organizationId, amount });
    if (!result.ok) throw new Error(JSON.stringify(result.refusals));
  };
  const runJob = async (name: string): Promise<void> => {
    const job = billing.subgraph.jobs.find((candidate) => candidate.name === name);
    if (job === undefined) throw new Error(`no job ${name}`);
    const { signal } = new AbortController();
    for (let run = 0; run < 50 && (await job.run(signal)); run += 1);
  };
  const query = async (source: string, actor: Actor): Promise<ExecutionResult> => {
    const result = await graphql({ schema, source, contextValue: test.context(actor) });
    return JSON.parse(JSON.stringify(result)) as ExecutionResult;
  };
  const audit = (organizationId: string) =>
    inside(organizationId, async (tx) => ({
      drift: await driftOf(tx, organizationId),
      sums: await conservationOf(tx, organizationId),
      units: await usageReconciliation(tx, organizationId),
    }));
  return {
    ...test,
    authority,
    directory,
    policies,
    registry,
    billing,
    schema,
    sdl,
    time,
    clock,
    inside,
    run,
    price,
    topUp,
    runJob,
    query,
    audit,
    balance: (organizationId: string) => inside(organizationId, (tx) => billing.balance(tx, organizationId)),
  };
}

/** A usage event of a GPU allocation, with anything else a test says. */
export function gpuUsage(place: Place, priceSnapshotId: string, overrides: Partial<UsageEvent> = {}): UsageEvent {
  const allocationId = overrides.allocationId ?? newId('alc');
  return {
    id: newId('evt'),
    source: 'allocation',
    productId: 'gpu-allocations',
    place,
    actorId: newId('usr'),
    unit: 'gpu_hour',
    baseQuantity: 3600n,
    windowStart: new Date('2026-11-20T10:00:00Z'),
    windowEnd: new Date('2026-11-20T11:00:00Z'),
    priceSnapshotId,
    resourceType: 'Allocation',
    resourceId: allocationId,
    allocationId,
    correlationId: newId('cor'),
    ...overrides,
  };
}

/** A query that enters the graph as the gateway does: by a reference to an entity. */
export function entity(type: string, id: string, fields: string): string {
  return `{ _entities(representations: [{ __typename: "${type}", id: "${id}" }]) { ... on ${type} { ${fields} } } }`;
}
