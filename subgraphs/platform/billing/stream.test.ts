import { type DocumentNode, parse, subscribe } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leastStatements } from '../../../kernel/testing/least-statements.js';
import type { Actor } from '../../../kernel/access/actor.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { untilHeard } from '../../../kernel/testing/test-kernel.js';
import { type BillingFixture, accepted, gpuUsage, nanos, startBilling } from './testing/billing-fixture.js';
import { type Launched, launch } from './testing/launched-allocation.js';

let test: BillingFixture;
let launched: Launched;
beforeAll(async () => {
  test = await startBilling();
  test.runWorker();
  launched = await launch(test);
  const { allocationId, place, snapshot } = launched;
  const event = gpuUsage(place, snapshot, { allocationId, holdReference: allocationId });
  accepted(await test.inside(place.organizationId, (tx) => test.billing.usage.record(tx, event)));
});
afterAll(() => test.close());

describe('lists of billing', () => {
  async function statementsOf(source: string, actor = launched.owner): Promise<number> {
    return leastStatements(test.kernel.database, async () => {
      expect(await test.query(source, actor)).not.toHaveProperty('errors');
    });
  }

  it('cost the same number of reads however long they are', async () => {
    const { allocationId, place } = launched;
    const organization = `organizationId: "${place.organizationId}"`;
    const read = await statementsOf('{ priceBook { prices(first: 1) { nodes { id } } } }');
    const reads = async (source: string, actor?: Actor): Promise<number> => (await statementsOf(source, actor)) / read;
    expect(await reads('{ priceBook { prices(first: 100) { nodes { id snapshot { hash } } } } }')).toBe(2);
    expect(
      await reads(
        `{ usageRecords(${organization}, first: 100) { nodes { id priceSnapshot { hash } transfers { id } } } }`,
      ),
    ).toBe(3);
    expect(
      await reads(`{ ledgerTransfers(${organization}, first: 100) { nodes { id usage { id } pending { id } } } }`),
    ).toBe(3);
    const many = Array.from(
      { length: 30 },
      (_item, index) => `{ __typename: "Allocation", id: "${index === 0 ? allocationId : newId('alc')}" }`,
    );
    const allocations = `{ _entities(representations: [${many.join(' ')}]) { ... on Allocation { price { hash } spend { total { amount } } charges(first: 5) { nodes { id } } } } }`;
    expect(await reads(allocations)).toBe(4);
    const organizations = Array.from(
      { length: 20 },
      () => `{ __typename: "Organization", id: "${test.directory.organizationNew()}" }`,
    );
    const accounts = `{ _entities(representations: [${organizations.join(' ')}]) { ... on Organization { billingAccount { state } } } }`;
    expect(await reads(accounts, launched.operator)).toBe(1);
    const projects = Array.from(
      { length: 20 },
      () => `{ __typename: "Project", id: "${test.directory.projectNew(place.organizationId).projectId}" }`,
    );
    expect(
      await reads(
        `{ _entities(representations: [${projects.join(' ')}]) { ... on Project { spend { total { amount } } budgets { id } } } }`,
      ),
    ).toBe(2);
  });
});

describe('the stream of spend', () => {
  const stream = async (
    args: string,
    actor: Actor,
  ): Promise<AsyncGenerator<{ data: { spendEvents: Record<string, unknown> } }>> => {
    const document: DocumentNode = parse(
      `subscription { spendEvents(${args}) { cursor type amount { amount } balance { amount } subject { __typename ... on UsageRecord { unit allocation { id } } ... on BillingAccount { state } ... on Budget { period } } } }`,
    );
    // What was done before must not come when the stream has begun.
    await untilHeard(test);
    const events = await subscribe({ schema: test.schema, document, contextValue: test.context(actor) });
    if (!(Symbol.asyncIterator in events)) throw new Error(JSON.stringify(events));
    return events as never;
  };
  const next = async (events: AsyncGenerator<{ data: { spendEvents: Record<string, unknown> } }>) =>
    (await events.next()).value.data.spendEvents;

  it('tells usage with its cost, its subject and the running balance, resumes after a cursor, and is history too', async () => {
    const { allocationId, owner, place, snapshot } = launched;
    const organization = `organizationId: "${place.organizationId}"`;
    const events = await stream(organization, owner);
    const first = next(events);
    const use = () =>
      test.inside(place.organizationId, (tx) =>
        test.billing.usage.record(tx, gpuUsage(place, snapshot, { allocationId, baseQuantity: 360n })),
      );
    accepted(await use());
    const { balance } = (await first) as { balance: { amount: string } };
    expect(await first).toMatchObject({
      type: 'billing.usage.recorded',
      amount: { amount: '0.25' },
      subject: { __typename: 'UsageRecord', unit: 'gpu_hour', allocation: { id: allocationId } },
    });
    expect(nanos(balance.amount)).toBe((await test.balance(place.organizationId)).postedNanos);
    await events.return(undefined);
    await test.topUp(place.organizationId, '1');
    accepted(await use());
    const resumed = await stream(`${organization}, after: "${(await first).cursor as string}"`, owner);
    expect(await next(resumed)).toMatchObject({
      type: 'billing.balance.credited',
      amount: { amount: '1.00' },
      subject: { __typename: 'BillingAccount' },
    });
    expect(await next(resumed)).toMatchObject({ type: 'billing.usage.recorded' });
    await resumed.return(undefined);
    const history = `{ spendEvents(${organization}, after: "${(await first).cursor as string}", first: 10) { type subject { __typename } } }`;
    expect(await test.query(history, owner)).toMatchObject({
      data: { spendEvents: [{ type: 'billing.balance.credited' }, { type: 'billing.usage.recorded' }] },
    });
  });

  it('of a project tells a member its usage, and never the balance of the organization', async () => {
    const { member, place, snapshot } = launched;
    const args = `organizationId: "${place.organizationId}", projectId: "${place.projectId}"`;
    const events = await stream(args, member);
    const first = next(events);
    await test.topUp(place.organizationId, '1');
    accepted(await test.inside(place.organizationId, (tx) => test.billing.usage.record(tx, gpuUsage(place, snapshot))));
    expect(await first).toMatchObject({ type: 'billing.usage.recorded', amount: { amount: '2.50' }, balance: null });
    await events.return(undefined);
  });

  it('is closed to those who may not read it, and finds nothing of a project under another organization', async () => {
    const { member, place, stranger } = launched;
    const denied = async (args: string, actor: Actor) => next(await stream(args, actor));
    await expect(denied(`organizationId: "${place.organizationId}"`, member)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(denied(`organizationId: "${place.organizationId}"`, stranger)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const forged = `{ spendEvents(organizationId: "${stranger.organizationIds[0]}", projectId: "${place.projectId}") { type } }`;
    expect(await test.query(forged, stranger)).toMatchObject({ data: { spendEvents: [] } });
  });
});
