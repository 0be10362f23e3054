import { hkdfSync, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Configuration, ConfigurationError } from '../configuration/configuration.js';

/** What subkeys are derived for. A key of one purpose says nothing about a key of another (RFC 5869, 3.2). */
export type KeyPurpose = 'secrets-at-rest' | 'actor-header';

const BYTES = 32;
const FORM = /^[A-Za-z0-9_-]{43}$/;

/** The root of all symmetric keys. It never leaves the object; only keys bound to one purpose do. */
export class MasterKey {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    if (bytes.length !== BYTES) throw new Error(`the master key must have ${BYTES} bytes, it has ${bytes.length}`);
    this.#bytes = bytes;
  }

  static generate(): MasterKey {
    return new MasterKey(randomBytes(BYTES));
  }

  static parse(text: string): MasterKey {
    if (!FORM.test(text)) throw new Error(`the master key must be ${BYTES} bytes in base64url`);
    return new MasterKey(Buffer.from(text, 'base64url'));
  }

  /** 32 bytes by HKDF-SHA256 (RFC 5869). The version is part of the label, so that a purpose can change its key. */
  subkey(purpose: KeyPurpose, version = 1): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.#bytes, '', `gpu-control-plane/${purpose}/v${version}`, BYTES));
  }
}

/** Kernels of one test process share a database now and then, so they share a key; it ends with the process. */
let keyOfTestProcess: MasterKey | undefined;

/**
 * The configured key; in development a generated one in `<data directory>/master.key`, readable by its owner only; in
 * tests one that lives in memory. Production without a configured key is refused.
 */
export async function resolveMasterKey(configuration: Configuration): Promise<MasterKey> {
  if (configuration.masterKey !== null) return MasterKey.parse(configuration.masterKey);
  if (configuration.environment === 'production')
    throw new ConfigurationError(['CP_MASTER_KEY: must be set in production']);
  if (configuration.environment === 'test') {
    keyOfTestProcess ??= MasterKey.generate();
    return keyOfTestProcess;
  }
  return keyFile(path.resolve(configuration.dataDirectory, 'master.key'));
}

/** Reads the file, or makes it whole or not at all: processes that start together agree on one key. */
async function keyFile(file: string): Promise<MasterKey> {
  const existing = await readKey(file);
  if (existing !== null) return existing;
  await mkdir(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, randomBytes(BYTES).toString('base64url'), { mode: 0o600, flag: 'wx' });
  try {
    // Unlike a rename, a link does not replace the key of a process that was faster.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  const made = await readKey(file);
  if (made === null) throw new Error(`the master key ${file} vanished while it was made`);
  return made;
}

async function readKey(file: string): Promise<MasterKey | null> {
  try {
    return MasterKey.parse((await readFile(file, 'utf8')).trim());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`The master key in ${file} cannot be read; secrets at rest cannot be opened without it.`, {
      cause: error,
    });
  }
}
