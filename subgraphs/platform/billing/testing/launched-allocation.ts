import { newId } from '../../../../kernel/identifiers/type-id.js';
import { testHuman } from '../../../../kernel/testing/test-kernel.js';
import { type BillingFixture, accepted, gpuUsage, nanos } from './billing-fixture.js';

export type Launched = Awaited<ReturnType<typeof launch>>;

/** An organization with 100.00, an allocation that holds 10.00 and has used three hours at 2.50, and people who may see more or less of it. */
export async function launch(test: BillingFixture) {
  const { authority, directory, billing } = test;
  const place = directory.projectNew();
  const operator = testHuman('*');
  const [owner, member] = [testHuman([place.organizationId]), testHuman([place.organizationId])];
  const elsewhere = directory.organizationNew();
  const stranger = testHuman([elsewhere]);
  authority.grant(operator.id, '*', 'platform');
  authority.grant(owner.id, '*', place.organizationId);
  authority.grant(member.id, 'billing.usage.read', place.projectId);
  authority.grant(stranger.id, '*', elsewhere);
  const snapshot = await test.price('sku:h200', 'gpu_hour', '2.50');
  await test.topUp(place.organizationId, '100');
  const allocationId = newId('alc');
  const request = {
    place,
    amountNanos: nanos('10'),
    reference: allocationId,
    reason: 'launch',
    ttlSeconds: 600,
    priceSnapshotId: snapshot,
  };
  accepted(await test.inside(place.organizationId, (tx) => billing.holds.hold(tx, request)));
  for (let window = 0; window < 3; window += 1) {
    accepted(
      await test.inside(place.organizationId, (tx) =>
        billing.usage.record(tx, gpuUsage(place, snapshot, { allocationId })),
      ),
    );
  }
  return { place, operator, owner, member, stranger, snapshot, allocationId };
}
