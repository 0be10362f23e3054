import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../kernel/testing/test-kernel.js';
import { signIn } from '../../processes/development/identity-provider/index.js';
import { graphqlRequest } from '../harness/graphql-request.js';
import { freePort } from '../harness/platform.js';
import { buildPlatform } from '../topology/build-platform.js';
import { PlatformProcess } from '../topology/platform-process.js';

const directory = mkdtempSync(path.join(tmpdir(), 'control-plane-kill-'));
const script = path.join(buildPlatform(), 'processes', 'start.js');
const started: PlatformProcess[] = [];
let port: number;

function start(environment: Record<string, string> = {}): PlatformProcess {
  const dataDirectory = path.join(directory, 'data');
  const common = { CP_DATA_DIRECTORY: dataDirectory, CP_PORT: String(port) };
  const running = new PlatformProcess(script, [], { ...common, ...environment });
  started.push(running);
  return running;
}

async function ready(running: PlatformProcess): Promise<void> {
  await running.prints(/ready in [\d.]+ s/);
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
}

/** Processes whose command line names our directory, whoever their parent is: the platform's, and PostgreSQL's. */
function processesThere(): string[] {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const lines = numbers.map((pid) => {
    try {
      return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`;
    } catch {
      return ''; // It has ended since.
    }
  });
  return lines.filter((line) => line.includes(directory));
}

async function nothingIsLeft(): Promise<void> {
  await eventually(() => processesThere().length === 0, {
    milliseconds: 30_000,
    what: `the end of ${processesThere().join('\n')}`,
  });
}

async function operatorToken(): Promise<string> {
  const issuer = `http://127.0.0.1:${port}/oidc`;
  const redirectUri = 'http://127.0.0.1:8400/callback';
  const scope = 'openid email profile';
  return (await signIn({ issuer, clientId: 'cli', redirectUri, subject: 'olivia', scope })).accessToken;
}

const url = (): string => `http://127.0.0.1:${port}/graphql`;

async function createOrganization(name: string): Promise<void> {
  const query =
    'mutation ($input: OrganizationCreateInput!) { organizationCreate(input: $input) { userErrors { code } } }';
  const answer = await graphqlRequest(url(), { query, variables: { input: { name } }, token: await operatorToken() });
  expect(answer).toMatchObject({ errors: [], data: { organizationCreate: { userErrors: [] } } });
}

async function organizationNames(): Promise<string[]> {
  const query = '{ organizations(first: 50) { nodes { name } } }';
  const { data } = await graphqlRequest(url(), { query, token: await operatorToken() });
  const { nodes } = (data?.['organizations'] ?? { nodes: [] }) as { nodes: { name: string }[] };
  return nodes.map(({ name }) => name);
}

beforeAll(async () => {
  chmodSync(directory, 0o755); // PostgreSQL's account must get through
  port = await freePort();
});
afterAll(async () => {
  await Promise.all(started.map((running) => running.end('SIGKILL')));
  await nothingIsLeft();
  rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
}, 60_000);

describe('npm start', () => {
  it.each([
    ['SIGTERM', { code: 0, signal: null }],
    ['SIGINT', { code: 0, signal: null }],
    ['SIGKILL', { code: null, signal: 'SIGKILL' }],
  ] as const)(
    'leaves no process after %s, and keeps all data',
    async (signal, exit) => {
      const running = start();
      await ready(running);
      expect(processesThere().length).toBeGreaterThan(0);
      await createOrganization(`Before ${signal}`);
      expect(await running.end(signal)).toEqual(exit);
      await nothingIsLeft();
      const again = start();
      await ready(again);
      expect(await organizationNames()).toEqual(expect.arrayContaining(['Demonstration', `Before ${signal}`]));
      expect(await again.end('SIGTERM')).toEqual({ code: 0, signal: null });
      await nothingIsLeft();
    },
    240_000,
  );

  it('refuses a second instance on the same data, and the first goes on', async () => {
    const first = start();
    await ready(first);
    const second = start({ CP_PORT: String(await freePort()) });
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output.trim().split('\n')).toHaveLength(1);
    expect(second.output).toContain(
      `${path.join(directory, 'data', 'postgres')} is already in use by process ${first.pid}`,
    );
    expect(await organizationNames()).toContain('Demonstration');
    await first.end('SIGTERM');
  }, 240_000);

  it('says in one sentence that the port is in use, and leaves nothing behind', async () => {
    const holder = createServer().listen(port, '127.0.0.1');
    try {
      const refused = start();
      expect(await refused.exited).toEqual({ code: 1, signal: null });
      expect(refused.output.trim()).toBe(
        `Port ${port} is in use. Set CP_PORT to a free one, such as CP_PORT=4100 npm start.`,
      );
      await nothingIsLeft();
    } finally {
      holder.close();
    }
  }, 240_000);

  it('names a setting that it does not know, and stops', async () => {
    const refused = start({ CP_PROT: '4000' });
    expect(await refused.exited).toEqual({ code: 1, signal: null });
    expect(refused.output).toContain('CP_PROT: there is no such setting');
  }, 60_000);
});
