import { chownSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  connect,
  EmbeddedPostgresFixture,
  isRunning,
  kill,
  printedPid,
  query,
  startByHand,
} from '../../testing/embedded-postgres-fixture.js';
import type { ServerExit } from '../embedded-postgres.js';
import { OWN_CLUSTER_NAME } from './server-settings.js';

const ONE = 'SELECT 1 AS one';

let fixture: EmbeddedPostgresFixture;
beforeEach(() => {
  fixture = new EmbeddedPostgresFixture();
});
afterEach(async () => {
  await fixture.dispose();
});

describe('when PostgreSQL dies by itself', () => {
  it('reports it, stops without a complaint, and recovers what was committed', async () => {
    const postgres = await fixture.start({ isEphemeral: false });
    await query(postgres, 'CREATE TABLE kept AS SELECT 1 AS one');
    const exit = new Promise<ServerExit>((resolve) => postgres.onExit(resolve));
    process.kill(postgres.pid, 'SIGKILL');
    expect(await exit).toMatchObject({ signal: 'SIGKILL', isExpected: false });
    await postgres.stop();
    expect(await query(await fixture.start({ isEphemeral: false }), 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  });
});

describe('when the process of PostgreSQL is killed', () => {
  it('ends PostgreSQL in good order though nobody starts it again', async () => {
    const child = fixture.startInChild();
    const pid = await printedPid(child);
    await kill(child);
    await vi.waitUntil(() => !isRunning(pid), { timeout: 10_000 });
    expect(existsSync(join(fixture.dataDirectory, 'postmaster.pid'))).toBe(false);
  });

  it('starts again at once', async () => {
    const child = fixture.startInChild();
    await printedPid(child);
    await kill(child);
    expect(await query(await fixture.start(), ONE)).toEqual([{ one: 1 }]);
  });

  it('starts again when PostgreSQL was killed with it while a client was connected', async () => {
    const child = fixture.startInChild();
    const pid = await printedPid(child);
    await connect({ host: fixture.dataDirectory, port: 5432 });
    process.kill(pid, 'SIGKILL');
    await kill(child);
    expect(await query(await fixture.start(), ONE)).toEqual([{ one: 1 }]);
  });

  it.each([0, 30, 100, 200])('trusts no half cluster, %i ms into the first initdb', async (milliseconds) => {
    const child = fixture.startInChild();
    await vi.waitUntil(() => fixture.unfinished().length > 0, { timeout: 10_000, interval: 2 });
    await sleep(milliseconds);
    await kill(child);
    expect(fixture.unfinished()).toHaveLength(1);
    expect(existsSync(fixture.dataDirectory)).toBe(false);
    const postgres = await fixture.start();
    expect(fixture.unfinished()).toEqual([]);
    expect(postgres.notes.join()).toMatch(/^Removed .*\.initializing-.* which an interrupted first start left behind$/);
    expect(await query(postgres, ONE)).toEqual([{ one: 1 }]);
  });
});

describe('when a server without a parent runs on the directory', () => {
  it('stops it if it is one of ours', async () => {
    const first = await fixture.start();
    await first.stop();
    const orphan = await startByHand(first, `cluster_name=${OWN_CLUSTER_NAME}`);
    const second = await fixture.start();
    expect(isRunning(orphan)).toBe(false);
    expect(second.notes).toEqual([`Stopped PostgreSQL ${orphan}, which had outlived the process that started it`]);
  });

  it('refuses to start if somebody else runs it, and leaves it running', async () => {
    const first = await fixture.start();
    await first.stop();
    const foreign = await startByHand(first, 'cluster_name=foreign');
    await expect(fixture.start()).rejects.toThrow(
      `${first.dataDirectory} is already in use by PostgreSQL ${foreign}, which this program did not start`,
    );
    expect(isRunning(foreign)).toBe(true);
    process.kill(foreign, 'SIGINT');
  });
});

describe('when a pid file is stale', () => {
  const PID_OF_NOBODY = 4_194_303;

  it('starts, and leaves the stranger alone that carries the process id now', async () => {
    const first = await fixture.start();
    await first.stop();
    const { uid, gid } = statSync(fixture.dataDirectory);
    // Of PostgreSQL's own user: the case in which PostgreSQL takes a stranger for a running server.
    const identity = process.getuid?.() === 0 ? [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : [];
    const stranger = fixture.spawn('setpriv', [...identity, 'sleep', '60']);
    leavePidFiles(`${stranger.pid}`);
    expect(await query(await fixture.start(), ONE)).toEqual([{ one: 1 }]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  it.each([
    ['nobody', `${PID_OF_NOBODY}`],
    ['no number', 'x'],
  ])('starts when it names %s', async (_, pid) => {
    const first = await fixture.start();
    await first.stop();
    leavePidFiles(pid);
    expect(await query(await fixture.start(), ONE)).toEqual([{ one: 1 }]);
  });

  it('starts when the file is empty', async () => {
    const first = await fixture.start();
    await first.stop();
    writeFileSync(join(fixture.dataDirectory, 'postmaster.pid'), '');
    expect(await query(await fixture.start(), ONE)).toEqual([{ one: 1 }]);
  });

  /** What a server leaves that was killed. */
  function leavePidFiles(pid: string): void {
    const { dataDirectory } = fixture;
    const { uid, gid } = statSync(dataDirectory);
    const lines = [pid, dataDirectory, '1', '5432', dataDirectory, '', '1 1', 'ready   ', ''];
    for (const name of ['postmaster.pid', '.s.PGSQL.5432.lock']) {
      const path = join(dataDirectory, name);
      writeFileSync(path, lines.join('\n'));
      chownSync(path, uid, gid);
    }
  }
});
