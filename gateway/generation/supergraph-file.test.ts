import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatewayRuntime } from '../runtime.js';
import { shopSupergraph, shopTransports } from '../testing/shop-graph.js';
import type { SubgraphTransport } from '../transports/subgraph-transport.js';
import { SupergraphFile } from './supergraph-file.js';

const { sdl } = shopSupergraph();
const logger = { info: vi.fn<() => void>(), warn: vi.fn<() => void>(), error: vi.fn<() => void>() };
let directory: string;
let file: string;
let runtime: GatewayRuntime;
let follower: SupergraphFile;

beforeEach(async () => {
  vi.clearAllMocks();
  directory = await mkdtemp(path.join(tmpdir(), 'supergraph-'));
  file = path.join(directory, 'supergraph.graphql');
  await writeFile(file, sdl);
  runtime = await GatewayRuntime.start({
    supergraph: { sdl },
    transports: shopTransports(),
    logger,
    swap: { inlineAfterSeconds: 60, farewellSeconds: 0 },
  });
});
afterEach(async () => {
  follower.close();
  await runtime.close();
  await rm(directory, { recursive: true });
});

async function replace(text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

describe('the file of a supergraph', { timeout: 60_000 }, () => {
  it('is put in force when it changes, and once only', async () => {
    follower = SupergraphFile.follow({ file, runtime, logger, pollSeconds: 0.02 });
    await replace(`${sdl}\n# changed`);
    await vi.waitFor(() => expect(runtime.generation.supergraphSdl).toContain('# changed'), { timeout: 30_000 });
    const { generation } = runtime;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(runtime.generation).toBe(generation);
    expect(logger.error).not.toHaveBeenCalled();
  });

  it('is read again on SIGHUP', async () => {
    follower = SupergraphFile.follow({ file, runtime, logger, pollSeconds: 60 });
    await replace(`${sdl}\n# hung up`);
    process.emit('SIGHUP');
    await vi.waitFor(() => expect(runtime.generation.supergraphSdl).toContain('# hung up'), { timeout: 30_000 });
    follower.close();
    expect(process.listenerCount('SIGHUP')).toBe(0);
  });

  it('stays out when it is bad or gone, loudly, and what was in force stays', async () => {
    follower = SupergraphFile.follow({ file, runtime, logger, pollSeconds: 60 });
    const { generation } = runtime;
    await replace('type Query { half: ');
    await follower.reload();
    await rm(file);
    await follower.reload();
    expect(runtime.generation).toBe(generation);
    const reasons = logger.error.mock.calls.map((call: unknown[]) => (call[0] as { err: Error }).err.message);
    expect(reasons).toContainEqual(expect.stringContaining('Syntax Error'));
    expect(reasons).toContainEqual(expect.stringContaining('ENOENT'));
    await replace(`${sdl}\n# good`);
    await follower.reload();
    expect(runtime.generation.supergraphSdl).toContain('# good');
  });

  it('brings new ways to the subgraphs that are served elsewhere, and keeps the others', async () => {
    const connected: string[] = [];
    const connect = (name: string, url: string): SubgraphTransport => {
      connected.push(`${name} ${url}`);
      const transport = shopTransports().get(name);
      if (!transport) throw new Error(`the shop has no ${name}`);
      return transport;
    };
    follower = SupergraphFile.follow({ file, runtime, logger, connect, pollSeconds: 60 });
    const before = runtime.transports;
    await replace(sdl.replace('http://reviews.test', 'http://moved.test'));
    await follower.reload();
    expect(connected).toEqual(['reviews http://moved.test/graphql']);
    const changed = [...runtime.transports].filter(([name, transport]) => before.get(name) !== transport);
    expect(changed.map(([name]) => name)).toEqual(['reviews']);
  });
});
