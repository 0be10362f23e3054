import { afterAll, beforeAll, expect, it } from 'vitest';
import { generateKeyPairSync } from 'node:crypto';
import { Story } from '../../processes/demo/story.js';
import { startFleet } from '../harness/agents.js';
import { type TestPlatform, startPlatform } from '../harness/platform.js';
import { codeBlocksOf } from './markdown.js';

let platform: TestPlatform;
let token: string;
const variables: Record<string, unknown> = {};
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  platform = await startPlatform();
  stops.push(() => platform.close());
  const fleet = await startFleet(platform);
  stops.push(() => fleet.stop());
  const story = new Story(platform);
  const place = await story.onboard(await story.as('olivia'), {
    name: 'Readers',
    memberSubject: 'mira',
    deposit: '50.00',
  });
  Object.assign(variables, { projectId: place.projectId, publicKey: rsaPublicKey() });
}, 120_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

it.each([
  { guide: 'docs/user.md', reader: 'mira', leaves: ['allocationId', 'appInstanceId', 'modelRouteId'] },
  { guide: 'docs/integrator.md', reader: 'mira', leaves: ['serviceAccountId', 'keyId'] },
  { guide: 'docs/operator.md', reader: 'olivia', leaves: ['organizationId', 'rootHash'] },
])(
  'every operation of $guide runs, from top to bottom, as $reader',
  async ({ guide, reader, leaves }) => {
    token = await platform.signIn(reader);
    const blocks = (await codeBlocksOf(guide)).filter(({ language }) => language === 'graphql');
    expect(blocks.length).toBeGreaterThan(2);
    for (const { place, text } of blocks) {
      const faults = text.startsWith('subscription') ? await faultsOfStream(text) : await run(text);
      expect({ place, faults }).toEqual({ place, faults: [] });
    }
    expect(Object.keys(variables)).toEqual(expect.arrayContaining(leaves));
  },
  90_000,
);

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string }[];
}

/** Runs an operation as a reader would: again while what it acts on is still on its way. Answers what went wrong. */
async function run(query: string): Promise<string[]> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const response = await post(query, 'application/json');
    const answer = (await response.json()) as Answer;
    keepIds(answer.data);
    const text = JSON.stringify(answer.data);
    const isOnItsWay =
      text.includes('"INVALID_STATE"') || /"state":"(REQUESTED|PROVISIONING)","stateReason"/.test(text);
    if (isOnItsWay && Date.now() < deadline && !query.includes('appInstance(')) {
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
      continue;
    }
    const refusals = [...text.matchAll(/"userErrors":(\[[^\]]+\])/g)].map(([, refusal = '']) => refusal);
    return [...(answer.errors ?? []).map(({ message }) => message), ...refusals];
  }
}

async function faultsOfStream(query: string): Promise<string[]> {
  const leaving = new AbortController();
  const response = await post(query, 'text/event-stream', leaving.signal);
  const type = response.headers.get('content-type') ?? '';
  const faults = type.startsWith('text/event-stream') ? [] : [await response.text()];
  leaving.abort();
  return faults;
}

function post(query: string, accept: string, signal?: AbortSignal): Promise<Response> {
  const named = Object.entries(variables).filter(([name]) => query.includes(`$${name}:`));
  return fetch(platform.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables: Object.fromEntries(named) }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Keeps the ids of what was answered under the names that the guide gives them: `allocation { id }` is `allocationId`. */
function keepIds(value: unknown, name = ''): void {
  if (typeof value !== 'object' || value === null) return;
  const { id, nodes, treeSize, rootHash } = value as Readonly<Record<string, unknown>>;
  if (typeof id === 'string') variables[`${name}Id`] ??= id;
  if (name === 'auditIntegrity') Object.assign(variables, { treeSize, rootHash });
  if (Array.isArray(nodes) && name === 'models')
    keepIds(
      nodes.find((node) => /small/.test(JSON.stringify(node))),
      'model',
    );
  for (const [field, child] of Object.entries(value)) keepIds(child, field);
}

/** An RSA key in the form of `authorized_keys` (RFC 4253, section 6.6). */
function rsaPublicKey(): string {
  const { n = '', e = '' } = generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey.export({ format: 'jwk' });
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const number = (text: string): Buffer => field(Buffer.concat([Buffer.from([0]), Buffer.from(text, 'base64url')]));
  const exponent = field(Buffer.from(e, 'base64url'));
  return `ssh-rsa ${Buffer.concat([field(Buffer.from('ssh-rsa')), exponent, number(n)]).toString('base64')} reader`;
}
