import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BillingAccountDocument } from '../../codegen/sdk/src/index.js';
import { Story } from '../../processes/demo/story.js';
import { startFleet } from '../harness/agents.js';
import { type TestPlatform, startPlatform } from '../harness/platform.js';

let platform: TestPlatform;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  platform = await startPlatform({ CP_USAGE_WINDOW_SECONDS: '3600' });
  stops.push(() => platform.close());
  const fleet = await startFleet(platform);
  stops.push(() => fleet.stop());
}, 120_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

describe('an allocation that is released within its first usage window', () => {
  it('shows its price before any usage, is charged for what ran, and leaves no money held', async () => {
    const story = new Story(platform);
    const operator = await story.as('olivia');
    const place = await story.onboard(operator, { name: 'Short', memberSubject: 'mira', deposit: '100.00' });
    const { projectId, organizationId } = place;
    const member = await story.as('mira');
    await story.untilSeen(member, projectId);
    const { allocationId } = await story.allocate(member, { projectId, gpuCount: 1, idempotencyKey: 'short' });
    const running = await story.tellAll(operator, allocationId);
    expect(running.price).toMatchObject({ unit: 'gpu_hour', unitPrice: { amount: '4.50' } });
    expect(running.charges?.nodes ?? []).toEqual([]);
    const before = await operator.request(BillingAccountDocument, { organizationId });
    expect(before.billingAccount).toMatchObject({ held: { amount: '4.50' }, balance: { amount: '100.00' } });
    // Whole seconds are charged: at least one has to pass.
    await new Promise((resolve) => {
      setTimeout(resolve, 1200);
    });
    expect(await story.release(member, allocationId)).toBe('RELEASED');
    const told = await story.tellAll(operator, allocationId);
    expect(told.charges?.nodes.length).toBe(1);
    const after = await operator.request(BillingAccountDocument, { organizationId });
    expect(Number(after.billingAccount?.held.amount)).toBe(0);
    expect(Number(after.billingAccount?.balance.amount)).toBeGreaterThan(99);
    expect(Number(after.billingAccount?.balance.amount)).toBeLessThan(100);
    expect(after.billingAccount?.available).toEqual(after.billingAccount?.balance);
  });
});
