import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Scope } from '../../../kernel/access/authority.js';
import { type TestIam, only, startTestIam } from './testing/test-iam.js';

const KEY = 'rate_limit.api_requests_per_minute';
let iam: TestIam;
beforeAll(async () => {
  iam = await startTestIam();
});
afterAll(() => iam.close());

async function effective(scope: Scope, key = KEY) {
  return iam.test.kernel.database.read([scope.organizationId ?? ''], (tx) => iam.access.policies.value(tx, key, scope));
}

const SET = `mutation ($s: ID!, $v: String!, $max: Float, $deny: Boolean, $k: String!) { policyValueSet(input: { scopeId: $s, key: $k, valueJson: $v, maximum: $max, isDenied: $deny }) {
  policyValue { id valueJson maximum isDenied scopeLevel } userErrors { code message field details } } }`;

it('gives the most specific value inside the bounds of what is above, and where it came from', async () => {
  const { organizationId, projectId, owner } = await iam.organization();
  const scope: Scope = { level: 'project', id: projectId, organizationId };
  expect(await effective(scope)).toMatchObject({ value: 120, isDenied: false, source: { level: 'platform' } });
  expect(only(await iam.run(owner, SET, { s: organizationId, v: '200', max: 300, k: KEY }))).toMatchObject({
    policyValue: { valueJson: '200', maximum: 300, scopeLevel: 'ORGANIZATION' },
    userErrors: [],
  });
  expect(await effective(scope)).toMatchObject({ value: 200, source: { id: organizationId } });
  expect(only(await iam.run(owner, SET, { s: projectId, v: '250', k: KEY }))).toMatchObject({ userErrors: [] });
  expect(await effective(scope)).toMatchObject({ value: 250, source: { id: projectId } });
  // The organization narrows its bound later: what now lies outside is silent.
  await iam.run(owner, SET, { s: organizationId, v: '100', max: 150, k: KEY });
  expect(await effective(scope)).toMatchObject({ value: 100, source: { id: organizationId } });
});

it('refuses what lies outside the bounds from above, and audits that', async () => {
  const { organizationId, projectId, owner } = await iam.organization();
  await iam.run(owner, SET, { s: organizationId, v: '200', max: 300, k: KEY });
  const refused = only(await iam.run(owner, SET, { s: projectId, v: '301', k: KEY }));
  expect(refused).toMatchObject({
    policyValue: null,
    userErrors: [{ code: 'POLICY_BOUND_VIOLATION', field: ['input', 'value'], details: { maximum: 300 } }],
  });
  expect(iam.records.at(-1)).toMatchObject({
    action: 'iam.policy.set',
    result: 'failure',
    reasonCode: 'POLICY_BOUND_VIOLATION',
  });
  expect(only(await iam.run(owner, SET, { s: projectId, v: '10', max: 400, k: KEY }))).toMatchObject({
    userErrors: [{ code: 'POLICY_BOUND_VIOLATION', field: ['input', 'maximum'] }],
  });
  expect(only(await iam.run(owner, SET, { s: projectId, v: '0', k: KEY }))).toMatchObject({
    userErrors: [{ code: 'POLICY_BOUND_VIOLATION', details: { minimum: 1 } }],
  });
  expect(only(await iam.run(owner, SET, { s: projectId, v: '"many"', k: KEY }))).toMatchObject({
    userErrors: [{ code: 'INVALID_INPUT' }],
  });
  expect(only(await iam.run(owner, SET, { s: projectId, v: '1', k: 'no.such_key' }))).toMatchObject({
    userErrors: [{ code: 'NOT_REGISTERED' }],
  });
});

it('makes a hard deny of an ancestor absolute, until it is cleared', async () => {
  const { organizationId, projectId, owner } = await iam.organization();
  const scope: Scope = { level: 'project', id: projectId, organizationId };
  const { policyValue } = only<{ policyValue: { id: string } }>(
    await iam.run(owner, SET, { s: organizationId, v: '100', deny: true, k: KEY }),
  );
  await iam.run(owner, SET, { s: projectId, v: '50', k: KEY });
  expect(await effective(scope)).toMatchObject({ value: 50, isDenied: true, source: { id: organizationId } });
  expect(
    only(
      await iam.run(owner, 'mutation ($id: ID!) { policyValueClear(input: { id: $id }) { userErrors { code } } }', {
        id: policyValue.id,
      }),
    ),
  ).toMatchObject({ userErrors: [] });
  expect(await effective(scope)).toMatchObject({ value: 50, isDenied: false });
});

it('throws for a policy that nobody defined: that is a bug, not a refusal', async () => {
  const { organizationId, projectId } = await iam.organization();
  await expect(effective({ level: 'project', id: projectId, organizationId }, 'no.such_key')).rejects.toThrow(
    'not registered',
  );
});
