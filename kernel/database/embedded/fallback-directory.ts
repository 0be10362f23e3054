import { chmodSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * A directory outside the project for what PostgreSQL's account cannot use inside it. For root it is one that every
 * account can enter and only root can write; otherwise it is in our own home. Never below /tmp or /var/tmp: others
 * could plant a directory of that name there, and its contents are swept away by age.
 */
export function ensureFallbackDirectory(name: string): string {
  const isRoot = process.getuid?.() === 0;
  const base = isRoot ? '/var/lib/gpu-control-plane' : join(homedir(), '.cache', 'gpu-control-plane');
  const directory = join(base, name);
  mkdirSync(directory, { recursive: true });
  // Explicit, because the modes that mkdir gives depend on the umask.
  if (isRoot) for (const path of [base, directory]) chmodSync(path, 0o755);
  return directory;
}
