import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  connect,
  EmbeddedPostgresFixture,
  isRunning,
  printedPid,
  query,
} from '../testing/embedded-postgres-fixture.js';
import type { ServerExit } from './embedded-postgres.js';

let fixture: EmbeddedPostgresFixture;
beforeEach(() => {
  fixture = new EmbeddedPostgresFixture();
});
afterEach(async () => {
  await fixture.dispose();
});

describe('a start', () => {
  it('creates a cluster, keeps its data, and is short the second time', async () => {
    const first = await fixture.start();
    await query(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const begin = performance.now();
    const second = await fixture.start();
    expect(performance.now() - begin).toBeLessThan(2_000);
    expect(await query(second, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    const { dataDirectory } = fixture;
    expect(second).toMatchObject({ superuser: 'postgres', port: 5432, dataDirectory, notes: [] });
  });

  it('applies settings, and opens PostgreSQL to no network whatever they say', async () => {
    const settings = { max_connections: 17, listen_addresses: '127.0.0.1' };
    const postgres = await fixture.start({ port: 6543, settings });
    expect(await query(postgres, 'SHOW max_connections')).toEqual([{ max_connections: '17' }]);
    expect(await query(postgres, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '' }]);
    expect(existsSync(join(postgres.host, '.s.PGSQL.6543'))).toBe(true);
    expect(readFileSync(join(fixture.dataDirectory, 'pg_hba.conf'), 'utf8')).toMatch(/^host\s+all.*reject$/m);
  });

  it('is durable unless it is told that the data may be lost', async () => {
    const durable = await fixture.start({ isEphemeral: false });
    expect(await query(durable, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
    expect(await query(durable, 'SHOW max_connections')).toEqual([{ max_connections: '100' }]);
    expect(await query(durable, 'SHOW data_checksums')).toEqual([{ data_checksums: 'on' }]);
    const ephemeral = await fixture.start({ dataDirectory: join(fixture.directory, 'ephemeral') });
    expect(await query(ephemeral, 'SHOW fsync')).toEqual([{ fsync: 'off' }]);
  });

  it('puts the socket into a short directory of its own when the path would be too long', async () => {
    const dataDirectory = join(fixture.directory, 'x'.repeat(100), 'data');
    const postgres = await fixture.start({ dataDirectory });
    expect(postgres.host).toMatch(/^\/tmp\/embedded-postgres-/);
    expect(await query(postgres, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await postgres.stop();
    expect(existsSync(postgres.host)).toBe(false);
  });

  it('works in a path with spaces, commas, quotes and other scripts', async () => {
    const postgres = await fixture.start({ dataDirectory: join(fixture.directory, `a, "b" 'c' %d é`, 'data') });
    expect(await query(postgres, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('says what PostgreSQL said when it cannot start, and lets go of the directory', async () => {
    const failing = fixture.start({ settings: { max_connections: 'many' } });
    await expect(failing).rejects.toThrow(/ended at its start: .*"max_connections"/s);
    await fixture.start();
  });

  it('refuses a directory that holds something else, and leaves it as it was', async () => {
    mkdirSync(fixture.dataDirectory);
    writeFileSync(join(fixture.dataDirectory, 'thesis.tex'), 'precious');
    const sentence = `${fixture.dataDirectory} is neither empty nor a PostgreSQL data directory`;
    await expect(fixture.start()).rejects.toThrow(sentence);
    expect(readdirSync(fixture.dataDirectory)).toEqual(['thesis.tex']);
  });

  it.runIf(process.getuid?.() === 0)('moves data that its account could not reach, and says where', async () => {
    chmodSync(fixture.directory, 0o700);
    const postgres = await fixture.start();
    try {
      expect(postgres.dataDirectory).toMatch(/^\/var\/lib\/gpu-control-plane\/data\//);
      expect(postgres.notes.join()).toContain(`cannot enter ${fixture.directory}`);
      expect(await query(postgres, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      await postgres.stop();
      rmSync(postgres.dataDirectory, { recursive: true, force: true });
    }
  });
});

describe('a stop', () => {
  it('ends PostgreSQL while clients are connected, and may be asked for again', async () => {
    const postgres = await fixture.start();
    await connect(postgres);
    const exits: ServerExit[] = [];
    postgres.onExit((exit) => exits.push(exit));
    await Promise.all([postgres.stop(), postgres.stop()]);
    await postgres.stop();
    expect(isRunning(postgres.pid)).toBe(false);
    expect(exits).toMatchObject([{ code: 0, isExpected: true }]);
  });
});

describe('a second instance', () => {
  it('is refused within a process, in a sentence that names the directory and both processes', async () => {
    const first = await fixture.start();
    const sentence = `${first.dataDirectory} is already in use by process ${process.pid}, which runs PostgreSQL ${first.pid} on it`;
    await expect(fixture.start()).rejects.toThrow(sentence);
    const otherSpelling = `${fixture.directory}/./nowhere/../data`;
    await expect(fixture.start({ dataDirectory: otherSpelling })).rejects.toThrow(sentence);
    expect(await query(first, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is refused to all but one of several processes that start for the first time at once', async () => {
    const contenders = [fixture.startInChild(), fixture.startInChild(), fixture.startInChild()];
    const outcomes = await Promise.all(
      contenders.map(async (child) => Promise.race([printedPid(child), once(child, 'exit').then(() => 'refused')])),
    );
    expect(outcomes.filter((outcome) => outcome === 'refused')).toHaveLength(2);
    const winner = outcomes.findIndex((outcome) => outcome !== 'refused');
    await expect(fixture.start()).rejects.toThrow(
      `is already in use by process ${contenders[winner]?.pid}, which runs PostgreSQL ${outcomes[winner]} on it`,
    );
  });
});
