import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfiguration } from '../configuration/configuration.js';
import { MasterKey, resolveMasterKey } from './master-key.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'master-key-'));
});
afterAll(() => rm(directory, { recursive: true }));

const hex = (key: MasterKey, purpose: 'secrets-at-rest' | 'actor-header' = 'actor-header'): string =>
  Buffer.from(key.subkey(purpose)).toString('hex');

describe('the master key', () => {
  it('derives the same key for the same purpose and different keys for different ones', () => {
    const key = MasterKey.parse(Buffer.alloc(32, 7).toString('base64url'));
    expect(hex(key)).toBe(hex(MasterKey.parse(Buffer.alloc(32, 7).toString('base64url'))));
    expect(hex(key)).not.toBe(hex(key, 'secrets-at-rest'));
    expect(key.subkey('actor-header', 2)).not.toEqual(key.subkey('actor-header', 1));
    expect(key.subkey('actor-header')).toHaveLength(32);
  });

  it('does not show itself when printed', () => {
    const key = new MasterKey(Buffer.alloc(32, 65));
    expect(JSON.stringify(key)).toBe('{}');
  });

  it('is made once in development, for its owner only, also by processes that start together', async () => {
    const data = path.join(directory, 'together');
    const configuration = loadConfiguration({ CP_DATA_DIRECTORY: data });
    const keys = await Promise.all(Array.from({ length: 8 }, () => resolveMasterKey(configuration)));
    expect(new Set(keys.map((key) => hex(key))).size).toBe(1);
    expect(hex(await resolveMasterKey(configuration))).toBe(hex(keys[0] ?? MasterKey.generate()));
    expect(await readdir(data)).toEqual(['master.key']);
    expect((await stat(path.join(data, 'master.key'))).mode & 0o777).toBe(0o600);
  });

  it('refuses a damaged file instead of making a new key that opens nothing', async () => {
    await writeFile(path.join(directory, 'master.key'), 'damaged');
    await expect(resolveMasterKey(loadConfiguration({ CP_DATA_DIRECTORY: directory }))).rejects.toThrow(
      /cannot be read/,
    );
  });

  it('prefers the configured key', async () => {
    const text = Buffer.alloc(32, 9).toString('base64url');
    const configuration = loadConfiguration({ CP_MASTER_KEY: text, CP_DATA_DIRECTORY: directory });
    expect(hex(await resolveMasterKey(configuration))).toBe(hex(MasterKey.parse(text)));
  });
});
