import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectPath } from '../../kernel/project-path.js';
import { type MachineAccount, Story } from '../../processes/demo/story.js';
import { startFleet } from '../harness/agents.js';
import { type TestPlatform, startPlatform } from '../harness/platform.js';
import { codeBlocksOf } from './markdown.js';
import { type ConsumerProject, installPackedSdk, installedPackages } from './packed-sdk.js';

/** Node.js of the machine beside ours: the oldest major version that the package promises, when it is there. */
const OLDEST = ['/usr/local/bin/node', '/usr/bin/node'].find(
  (file) => existsSync(file) && execFileSync(file, ['--version'], { encoding: 'utf8' }).startsWith('v20.'),
);
if (OLDEST === undefined) process.stderr.write('No Node.js 20 on this machine: the SDK is tested on this one only.\n');

let project: ConsumerProject;
let platform: TestPlatform;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let story: Story;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  project = await installPackedSdk();
  stops.push(() => project.remove());
  platform = await startPlatform();
  stops.push(() => platform.close());
  const fleet = await startFleet(platform);
  stops.push(() => fleet.stop());
  proxy = await startProxy(Number(new URL(platform.origin).port));
  stops.push(() => proxy.close());
  story = new Story(platform);
}, 180_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

describe('the packed SDK in an empty project', () => {
  it('holds compiled code, types and its licence, and brings no dependency', async () => {
    expect(project.files).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'dist/index.js',
        'dist/index.d.ts',
        'dist/generated/documents.js',
      ]),
    );
    expect(project.files.filter((file) => /testing|\.test\.|tsbuildinfo/.test(file))).toEqual([]);
    expect(await installedPackages(project)).toEqual(['@gpu-control-plane']);
  });

  it('has types that accept what its README and the guide for integrators show', async () => {
    const blocks = [...(await codeBlocksOf('codegen/sdk/README.md')), ...(await codeBlocksOf('docs/integrator.md'))];
    const examples = blocks.filter(({ language }) => language === 'ts');
    expect(examples.length).toBeGreaterThanOrEqual(3);
    const files = examples.map(({ place, text }): [string, string] => [`${place.replaceAll(/\W+/g, '-')}.ts`, text]);
    expect(await project.typeCheck(new Map(files))).toBe('');
  });

  it('has types that refuse wrong variables, unknown fields and an unhandled null', async () => {
    const lines = [
      `import { AllocationDocument, ControlPlane } from '@gpu-control-plane/sdk';`,
      `const client = new ControlPlane({ url: 'http://127.0.0.1/graphql' });`,
      `await client.request(AllocationDocument, { id: 5 });`,
      `const { allocation } = await client.request(AllocationDocument, { id: 'alc_1' });`,
      `export const state: string = allocation.state;`,
      `export const nothing = allocation?.nothing;`,
    ];
    const faults = await project.typeCheck(new Map([['wrong.ts', lines.join('\n')]]));
    const places = [...faults.matchAll(/wrong\.ts\((\d+),\d+\): error/g)].map(([, line]) => Number(line));
    expect(places).toEqual([3, 5, 6]);
  });

  it('works on this Node.js, and its stream comes back after every connection was cut', async () => {
    await expectConsumerWorks(process.execPath, 'consumer-current');
  }, 90_000);

  it.skipIf(OLDEST === undefined)(
    'works on Node.js 20 just the same',
    async () => {
      await expectConsumerWorks(OLDEST ?? '', 'consumer-oldest');
    },
    90_000,
  );
});

async function expectConsumerWorks(node: string, slug: string): Promise<void> {
  const operator = await story.as('olivia');
  const place = await story.onboard(operator, { name: slug, memberSubject: 'mira', deposit: '100.00' });
  const account = await story.machine(await story.as('mira'), {
    projectId: place.projectId,
    slug,
    role: 'project_member',
    allowList: ['*'],
  });
  const facts = await runConsumer(node, place.projectId, account);
  expect(facts.get('pages')?.['skus']).toEqual(expect.arrayContaining(['h200-sxm-slice', 'cs-4', 'compute-vm-small']));
  expect(facts.get('forged')).toMatchObject({
    kind: 'graphql',
    code: 'TOKEN_INVALID',
    correlationId: expect.any(String),
  });
  expect(facts.get('wrong secret')).toMatchObject({ kind: 'token', code: 'TOKEN' });
  expect(facts.get('refused')).toMatchObject({ isRefusal: true, code: 'QUOTA_EXCEEDED' });
  const { types, reconnects } = facts.get('stream') as unknown as { types: string[]; reconnects: number };
  expect(reconnects).toBeGreaterThan(0);
  expect(types.map((type) => type.replace('allocations.allocation.', ''))).toEqual([
    'requested',
    'provisioning_started',
    'activated',
    'release_accepted',
    'released',
  ]);
  expect(facts.get('replay')).toMatchObject({ isSame: true });
}

/** Runs the consumer in its project and answers what it told, by step. */
async function runConsumer(
  node: string,
  projectId: string,
  account: MachineAccount,
): Promise<ReadonlyMap<string, Record<string, unknown>>> {
  await cp(projectPath('test', 'sdk', 'consumer.mjs'), path.join(project.folder, 'consumer.mjs'));
  const child: ChildProcess = spawn(node, ['consumer.mjs'], {
    cwd: project.folder,
    env: {
      ORIGIN: proxy.origin,
      CLIENT_ID: account.clientId,
      CLIENT_SECRET: account.clientSecret,
      PROJECT_ID: projectId,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  const facts = new Map<string, Record<string, unknown>>();
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const exited = once(child, 'exit');
  if (child.stdout !== null) {
    for await (const line of createInterface(child.stdout)) {
      const fact = JSON.parse(line) as { step: string };
      facts.set(fact.step, { ...fact });
      if (fact.step === 'cut') proxy.cut();
    }
  }
  const [code] = (await exited) as [number | null];
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return facts;
}

/** Passes bytes on to the platform until it is told to cut every connection. */
async function startProxy(port: number): Promise<{ origin: string; cut(): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
