import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../../kernel/access/actor.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import { testHuman } from '../../../kernel/testing/test-kernel.js';
import { priceHash } from './domain/price.js';
import { type BillingFixture, accepted, entity, gpuUsage, nanos, startBilling } from './testing/billing-fixture.js';
import { type Launched, launch } from './testing/launched-allocation.js';

let test: BillingFixture;
let launched: Launched;
beforeAll(async () => {
  test = await startBilling();
  test.runWorker();
  launched = await launch(test);
});
afterAll(() => test.close());

describe('the graph of billing', () => {
  it('shows an account with its balance, and only to those who may read it', async () => {
    const { member, operator, owner, place, stranger } = launched;
    const source = `{ billingAccount(organizationId: "${place.organizationId}") { id balance { amount currency } held { amount } available { amount } state asOf organization { id } } }`;
    expect(await test.query(source, owner)).toMatchObject({
      data: {
        billingAccount: {
          balance: { amount: '92.50', currency: 'USD' },
          held: { amount: '10.00' },
          available: { amount: '82.50' },
          state: 'HEALTHY',
        },
      },
    });
    expect(await test.query(source, member)).toMatchObject({ data: { billingAccount: null } });
    expect(await test.query(source, stranger)).toMatchObject({ data: { billingAccount: null } });
    expect(
      await test.query(entity('Organization', place.organizationId, 'billingAccount { id }'), owner),
    ).toMatchObject({ data: { _entities: [{ billingAccount: { id: place.organizationId.replace('org', 'bac') } }] } });
    expect(
      await test.query(entity('BillingAccount', place.organizationId.replace('org', 'bac'), 'state'), owner),
    ).toMatchObject({ data: { _entities: [{ state: 'HEALTHY' }] } });
    expect(await test.query(entity('BillingAccount', 'bac_nonsense', 'state'), operator)).toMatchObject({
      data: { _entities: [null] },
    });
  });

  it('adds price, spend and charges to an allocation, by its identifier alone', async () => {
    const { allocationId, member, snapshot, stranger } = launched;
    const source = entity(
      'Allocation',
      allocationId,
      `
      price { id hash unitPrice { amount } unit } spend { total { amount } lines { unit productId baseQuantity amount { amount } } }
      charges(first: 2) { nodes { code amount { amount } debitAccount usage { unit priceSnapshot { id } } } pageInfo { hasNextPage endCursor } }`,
    );
    expect(await test.query(source, member)).toMatchObject({
      data: {
        _entities: [
          {
            price: { id: snapshot, unitPrice: { amount: '2.50' } },
            spend: {
              total: { amount: '7.50' },
              lines: [
                { unit: 'gpu_hour', productId: 'gpu-allocations', baseQuantity: '10800', amount: { amount: '7.50' } },
              ],
            },
            charges: {
              nodes: [
                {
                  code: 'USAGE',
                  amount: { amount: '2.50' },
                  debitAccount: 'prepaid',
                  usage: { unit: 'gpu_hour', priceSnapshot: { id: snapshot } },
                },
                {},
              ],
              pageInfo: { hasNextPage: true },
            },
          },
        ],
      },
    });
    expect(await test.query(source, stranger)).toMatchObject({
      data: { _entities: [{ price: null, spend: null, charges: null }] },
    });
  });

  it('knows the spend of an allocation as zero from its hold on, and nothing of what it never met', async () => {
    const { member, place, snapshot } = launched;
    const fresh = newId('alc');
    const request = {
      place,
      amountNanos: nanos('1'),
      reference: `${fresh}:launch`,
      reason: 'launch',
      ttlSeconds: 600,
      priceSnapshotId: snapshot,
    };
    accepted(await test.inside(place.organizationId, (tx) => test.billing.holds.hold(tx, request)));
    expect(
      await test.query(entity('Allocation', fresh, 'spend { total { amount } } price { id }'), member),
    ).toMatchObject({ data: { _entities: [{ spend: { total: { amount: '0.00' } }, price: { id: snapshot } }] } });
    expect(await test.query(entity('Allocation', newId('alc'), 'spend { total { amount } }'), member)).toMatchObject({
      data: { _entities: [{ spend: null }] },
    });
    await test.inside(place.organizationId, (tx) => test.billing.holds.void(tx, request.reference));
  });

  it('adds spend over a time range and budgets to a project', async () => {
    const { owner, place, stranger } = launched;
    await test.query(
      `mutation { budgetSet(input: { projectId: "${place.projectId}", amount: "50" }) { budget { id } } }`,
      owner,
    );
    const source = entity(
      'Project',
      place.projectId,
      `
      spend { total { amount } } before: spend(to: "2026-11-20T10:59:59Z") { total { amount } } during: spend(from: "2026-11-20T10:59:59Z", to: "2026-11-20T11:00:00Z") { total { amount } }
      budgets { period amount { amount } spent { amount } held { amount } }`,
    );
    expect(await test.query(source, owner)).toMatchObject({
      data: {
        _entities: [
          {
            spend: { total: { amount: '7.50' } },
            before: { total: { amount: '0.00' } },
            during: { total: { amount: '7.50' } },
            budgets: [
              { period: 'MONTH', amount: { amount: '50.00' }, spent: { amount: '7.50' }, held: { amount: '10.00' } },
            ],
          },
        ],
      },
    });
    expect(await test.query(source, stranger)).toMatchObject({ data: { _entities: [{ spend: null, budgets: [] }] } });
  });

  it('adds spend to an app instance and to a model route', async () => {
    const { member, place } = launched;
    const [appInstanceId, modelRouteId] = [newId('ain'), newId('mrt')];
    const [appPrice, tokenPrice] = [
      await test.price('app:jupyter', 'app_runtime_hour', '1'),
      await test.price('model:echo', 'input_token', '0.000002'),
    ];
    const app = {
      ...gpuUsage(place, appPrice),
      source: 'app_runtime' as const,
      productId: 'apps',
      unit: 'app_runtime_hour',
      appInstanceId,
    };
    const { allocationId: _none, ...event } = gpuUsage(place, tokenPrice);
    const tokens = {
      ...event,
      source: 'token_factory' as const,
      productId: 'token-factory',
      unit: 'input_token',
      baseQuantity: 1500n,
      resourceType: 'ModelRequest',
      resourceId: newId('mrq'),
      metadata: { modelRouteId },
    };
    for (const usage of [app, tokens])
      accepted(await test.inside(place.organizationId, (tx) => test.billing.usage.record(tx, usage)));
    expect(
      await test.query(
        entity('AppInstance', appInstanceId, 'spend { total { amount } } charges { nodes { amount { amount } } }'),
        member,
      ),
    ).toMatchObject({
      data: {
        _entities: [{ spend: { total: { amount: '1.00' } }, charges: { nodes: [{ amount: { amount: '1.00' } }] } }],
      },
    });
    expect(await test.query(entity('ModelRoute', modelRouteId, 'spend { total { amount } }'), member)).toMatchObject({
      data: { _entities: [{ spend: { total: { amount: '0.003' } } }] },
    });
  });

  it('sets a price from now on: list, negotiated, and frozen with a hash that anyone can compute', async () => {
    const { member, operator, owner, place, stranger } = launched;
    const set = (input: string, actor = operator) =>
      test.query(
        `mutation { priceSet(input: { priceKey: "sku:new", unit: "gpu_hour", ${input} }) { price { id validFrom snapshot { hash priceKey unit unitPrice { amount currency } validFrom } } userErrors { code field } } }`,
        actor,
      );
    const result = (await set('unitPrice: "4"')) as unknown as {
      data: { priceSet: { price: { validFrom: string; snapshot: { hash: string } } } };
    };
    const { validFrom, snapshot: frozen } = result.data.priceSet.price;
    expect(frozen.hash).toBe(
      priceHash({
        priceKey: 'sku:new',
        unit: 'gpu_hour',
        unitPriceNanos: nanos('4'),
        currency: 'USD',
        validFrom: new Date(validFrom),
        organizationId: null,
      }),
    );
    expect(await set('unitPrice: "1"', owner)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    const refusal = (code: string) => ({ data: { priceSet: { price: null, userErrors: [{ code }] } } });
    expect(await set('unitPrice: "-1"')).toMatchObject(refusal('INVALID_INPUT'));
    expect(await set('unitPrice: "1", validFrom: "2020-01-01T00:00:00Z"')).toMatchObject(refusal('INVALID_INPUT'));
    expect(await set(`unitPrice: "1", organizationId: "${newId('org')}"`)).toMatchObject(refusal('NOT_FOUND'));
    const at = 'validFrom: "2027-01-01T00:00:00Z"';
    await set(`unitPrice: "1", ${at}`);
    expect(await set(`unitPrice: "2", ${at}`)).toMatchObject(refusal('ALREADY_EXISTS'));
    expect(
      await test.query(
        'mutation { priceSet(input: { priceKey: "sku:new", unit: "fortnight", unitPrice: "1" }) { price { id } userErrors { code } } }',
        operator,
      ),
    ).toMatchObject(refusal('NOT_REGISTERED'));
    const inForce = (organizationId: string) =>
      test.inside(organizationId, (tx) =>
        test.billing.prices.snapshot(tx, { priceKey: 'sku:new', unit: 'gpu_hour', organizationId }),
      );
    expect(accepted(await inForce(place.organizationId)).unitPriceNanos).toBe(nanos('4'));
    await set(`unitPrice: "3", organizationId: "${place.organizationId}"`);
    expect(accepted(await inForce(place.organizationId)).unitPriceNanos).toBe(nanos('3'));
    expect(accepted(await inForce(stranger.organizationIds[0] ?? '')).unitPriceNanos).toBe(nanos('4'));
    expect(
      await test.inside(place.organizationId, (tx) =>
        test.billing.prices.snapshot(tx, {
          priceKey: 'sku:unknown',
          unit: 'gpu_hour',
          organizationId: place.organizationId,
        }),
      ),
    ).toMatchObject({ refusals: [{ code: 'PRICE_UNKNOWN' }] });
    const book =
      '{ priceBook { id currency prices(priceKey: "sku:new", first: 10) { nodes { unitPrice { amount } organization { id } } } } }';
    const amounts = async (actor: Actor): Promise<string[]> => {
      const answer = (await test.query(book, actor)) as unknown as {
        data: { priceBook: { prices: { nodes: { unitPrice: { amount: string } }[] } } };
      };
      return answer.data.priceBook.prices.nodes.map((node) => node.unitPrice.amount);
    };
    expect(await amounts(owner)).toEqual(['3.00', '1.00', '4.00']);
    expect(await amounts(stranger)).toEqual(['1.00', '4.00']);
    expect(await amounts(member)).toEqual(['1.00', '4.00']);
  });

  it('seeds the price book once', async () => {
    const prices = [{ priceKey: 'sku:seeded', unit: 'gpu_hour', unitPriceNanos: nanos('1.25') }];
    expect(await test.billing.seedPriceBook(prices)).toBe(1);
    expect(await test.billing.seedPriceBook(prices)).toBe(0);
    await expect(
      test.billing.seedPriceBook([{ priceKey: 'sku:odd', unit: 'fortnight', unitPriceNanos: 1n }]),
    ).rejects.toThrow('fortnight');
  });

  it('tops up and grants for an operator only, and answers with the account and the transfer', async () => {
    const { member, operator, place, stranger } = launched;
    const top = (actor: Actor) =>
      test.query(
        `mutation { creditTopUp(input: { organizationId: "${place.organizationId}", amount: "0.5" }) { billingAccount { id } ledgerTransfer { code kind amount { amount } } userErrors { code } receipt { auditId } } }`,
        actor,
      );
    expect(await top(operator)).toMatchObject({
      data: {
        creditTopUp: {
          billingAccount: {},
          ledgerTransfer: { code: 'TOP_UP', kind: 'SINGLE', amount: { amount: '0.50' } },
          userErrors: [],
        },
      },
    });
    expect(await top(member)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    expect(await top(stranger)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    expect(
      await test.query(
        `mutation { creditGrant(input: { organizationId: "${place.organizationId}", amount: "0.25", reason: "sorry" }) { ledgerTransfer { code creditAccount } } }`,
        operator,
      ),
    ).toMatchObject({ data: { creditGrant: { ledgerTransfer: { code: 'CREDIT_GRANT' } } } });
  });

  it('lists usage and transfers, pages them, and proves that they agree', async () => {
    const { member, owner, place, stranger } = launched;
    const usage = `{ usageRecords(organizationId: "${place.organizationId}", unit: "gpu_hour", first: 2) { nodes { eventId amount { amount } project { id } transfers { id } } pageInfo { hasNextPage } } }`;
    expect(await test.query(usage, member)).toMatchObject({
      data: {
        usageRecords: {
          nodes: [{ project: { id: place.projectId }, transfers: [{}] }, {}],
          pageInfo: { hasNextPage: true },
        },
      },
    });
    expect(await test.query(usage, stranger)).toMatchObject({ data: { usageRecords: { nodes: [] } } });
    const transfers = `{ ledgerTransfers(organizationId: "${place.organizationId}", code: HOLD) { nodes { kind amount { amount } pending { id } corrects { id } } } }`;
    expect(await test.query(transfers, owner)).toMatchObject({
      data: { ledgerTransfers: { nodes: [{ kind: 'PENDING' }, { amount: { amount: '10.00' }, pending: null }] } },
    });
    expect(await test.query(transfers, member)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    const proof = `{ ledgerReconciliation(organizationId: "${place.organizationId}") { isBalanced isConserved driftedAccounts units { unit records ratedAmount { amount } ledgerAmount { amount } isBalanced } } }`;
    expect(await test.query(proof, owner)).toMatchObject({
      data: { ledgerReconciliation: { isBalanced: true, isConserved: true, driftedAccounts: 0 } },
    });
    expect(await test.query(proof, stranger)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  });

  it('takes a charge back for an operator', async () => {
    const { member, operator, place } = launched;
    const id = await test.inside(place.organizationId, (tx) =>
      tx.row<{ id: string }>(`select id from billing.transfers where code = 'usage' order by id desc limit 1`),
    );
    const source = `mutation { ledgerTransferCorrect(input: { transferId: "${id?.id}", reason: "billed in error" }) { ledgerTransfer { code corrects { id } } userErrors { code } } }`;
    expect(await test.query(source, member)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    expect(await test.query(source, operator)).toMatchObject({
      data: { ledgerTransferCorrect: { ledgerTransfer: { code: 'CORRECTION', corrects: { id: id?.id } } } },
    });
  });

  it('asks the anonymous to sign in', async () => {
    const anonymous = testHuman([], { kind: 'anonymous', id: 'anonymous' });
    for (const source of [
      '{ priceBook { id } }',
      `{ usageRecords(organizationId: "x") { nodes { id } } }`,
      `{ ledgerTransfers(organizationId: "x") { nodes { id } } }`,
      `{ billingAccount(organizationId: "x") { id } }`,
    ]) {
      expect(await test.query(source, anonymous)).toMatchObject({
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      });
    }
  });
});
