import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getIntrospectionQuery } from 'graphql';
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SHOP_SDL, shopSchemas } from '../gateway/testing/shop-graph.js';
import { startSubgraphServer, type SubgraphServer } from '../gateway/testing/subgraph-server.js';
import { composeSupergraph } from '../gateway/index.js';
import { projectPath } from '../kernel/project-path.js';

const directory = mkdtempSync(join(tmpdir(), 'stand-alone-gateway-'));
const children = new Set<ChildProcess>();
const subgraphs = new Map<string, SubgraphServer>();
let supergraphFile: string;

beforeAll(async () => {
  for (const [name, schema] of shopSchemas()) subgraphs.set(name, await startSubgraphServer(schema));
  supergraphFile = written('supergraph.graphql', supergraph());
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([...subgraphs.values()].map((subgraph) => subgraph.stop()));
  rmSync(directory, { recursive: true });
});

function supergraph(urlOf = (name: string) => subgraphs.get(name)?.url ?? ''): string {
  return composeSupergraph(Object.entries(SHOP_SDL).map(([name, sdl]) => ({ name, sdl, url: urlOf(name) }))).sdl;
}

function written(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(...args: readonly string[]): Started {
  const child = spawn('npm', ['run', '--silent', 'gateway', '--', ...args], { cwd: projectPath(), detached: true });
  children.add(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, output: () => output, ended };
}

async function ready({ output, ended }: Started): Promise<string> {
  const hasEnded = ended.then(() => true);
  for (;;) {
    const address = /^ready (\S+)$/m.exec(output())?.[1];
    if (address !== undefined) return address;
    const wait = new Promise<boolean>((resolve) => {
      setTimeout(resolve, 20, false);
    });
    if (await Promise.race([hasEnded, wait])) throw new Error(`it ended:\n${output()}`);
  }
}

async function ask(url: string, query: string): Promise<{ data?: unknown; errors?: Record<string, unknown>[] }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { data?: unknown };
}

describe('npm run gateway', () => {
  let started: Started;
  let url: string;
  beforeAll(async () => {
    started = start('--supergraph', supergraphFile, '--port', '0');
    url = await ready(started);
  });

  it('says that it is ready, on loopback', async () => {
    expect(new URL(url).hostname).toBe('127.0.0.1');
    const response = await fetch(new URL('/readyz', url));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'ready' });
  });

  it('joins what the subgraphs answer', async () => {
    const { data } = await ask(url, '{ user(id: "u1") { id name favourite { title reviews { author { name } } } } }');
    expect(data).toMatchObject({ user: { id: 'u1', favourite: { reviews: expect.any(Array) as unknown } } });
  });

  it('asks a subgraph once for what several callers want at the same time', async () => {
    const requests = subgraphs.get('accounts')?.received ?? [];
    const before = requests.length;
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => ask(url, '{ user(id: "u2") { id name } }')),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(requests.length - before).toBeGreaterThan(0);
    expect(requests.length - before).toBeLessThan(50);
  });

  it('passes every audit of graphql-http without an error or a warning', async () => {
    const faults: string[] = [];
    const audits = serverAudits({ url });
    for (const audit of audits) {
      const result = await audit.fn();
      if (result.status !== 'ok') faults.push(`${result.status} ${audit.id}: ${audit.name}: ${result.reason}`);
    }
    expect({ faults, count: audits.length }).toEqual({ faults: [], count: 61 });
  });

  it('answers introspection, and a document that is large', async () => {
    expect(await ask(url, getIntrospectionQuery())).not.toHaveProperty('errors');
    const many = Array.from({ length: 1_500 }, (_, index) => `a${index}: user(id: "u1") { id name }`).join(' ');
    const { data, errors } = await ask(url, `{ ${many} }`);
    expect(errors).toBeUndefined();
    expect(Object.keys(data as object)).toHaveLength(1_500);
  });

  it('denies to everybody what @access protects', async () => {
    const { data, errors } = await ask(url, '{ user(id: "u1") { id email } }');
    expect(data).toEqual({ user: { id: 'u1', email: null } });
    expect(errors?.[0]).toMatchObject({ path: ['user', 'email'], extensions: { code: 'FORBIDDEN' } });
  });

  it('ends on SIGTERM, and leaves its port', async () => {
    process.kill(-(started.child.pid ?? 0), 'SIGTERM');
    await started.ended;
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });
});

describe('npm run gateway, started wrongly, says why in a line and ends with 2', () => {
  const line = async (...args: readonly string[]): Promise<string> => {
    const started = start(...args);
    expect(await started.ended).toBe(2);
    expect(started.output().trim().split('\n')).toHaveLength(1);
    return started.output().trim();
  };

  it('without a supergraph, and with an option that does not exist', async () => {
    expect(await line()).toMatch(/^--supergraph is missing\. usage: npm run gateway/);
    expect(await line('--supergraph', supergraphFile, '--prot', '1')).toMatch(/^Unknown option '--prot'/);
    expect(await line('--supergraph', supergraphFile, '--port', '70000')).toMatch(/"70000" is no port/);
  });

  it('with a file that is not there', async () => {
    expect(await line('--supergraph', join(directory, 'none.graphql'))).toMatch(
      /none\.graphql: there is no such file$/,
    );
  });

  it('with a file that is no GraphQL, no supergraph, or a broken one', async () => {
    expect(await line('--supergraph', written('bad.graphql', 'type Query {\n'))).toMatch(/is no GraphQL, line 2:/);
    const plain = written('plain.graphql', 'type Query { a: Int }');
    expect(await line('--supergraph', plain)).toMatch(/^this is no supergraph/);
    const broken = written('broken.graphql', supergraph().replace('type Settings', 'type Setting'));
    expect(await line('--supergraph', broken)).toMatch(/^the supergraph is refused: .*Settings/);
  });

  it('with a subgraph that has no URL, or none of HTTP', async () => {
    const none = written(
      'no-url.graphql',
      supergraph((name) => (name === 'reviews' ? '' : `http://${name}.test`)),
    );
    expect(await line('--supergraph', none)).toBe('the subgraph "reviews" has no URL in the supergraph');
    const other = written(
      'other-url.graphql',
      supergraph((name) => `ftp://${name}.test`),
    );
    expect(await line('--supergraph', other)).toMatch(/^the subgraph "accounts" has no HTTP URL/);
  });

  it('with protection that it would not give, unless it is told to', async () => {
    const sdl = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@authenticated"])
      type Query { me: String @authenticated }`;
    const composed = composeSupergraph([{ name: 'a', sdl, url: subgraphs.get('accounts')?.url ?? '' }]).sdl;
    const file = written('authenticated.graphql', composed);
    expect(await line('--supergraph', file)).toMatch(/^@authenticated in the supergraph would not be enforced/);
    const started = start('--supergraph', file, '--port', '0', '--unprotected');
    expect(await ask(await ready(started), '{ __typename }')).toEqual({ data: { __typename: 'Query' } });
    process.kill(-(started.child.pid ?? 0), 'SIGINT');
    await started.ended;
  });

  it('on a port that is taken', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as { port: number };
    expect(await line('--supergraph', supergraphFile, '--port', String(port))).toBe(
      `cannot listen on 127.0.0.1, port ${port}: it is in use`,
    );
    await new Promise((resolve) => holder.close(resolve));
  });
});
