import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const MACHINE_DIRECTORY = '/var/lib/gpu-control-plane';

/**
 * A directory that root owns and every account can enter, for what PostgreSQL's account cannot reach in the project.
 * Not below /var/tmp: others could plant a directory of that name there, and its contents are swept away by age.
 */
export function ensureMachineDirectory(name: string): string {
  const directory = join(MACHINE_DIRECTORY, name);
  mkdirSync(directory, { recursive: true });
  // Explicit, because the modes that mkdir gives depend on the umask.
  for (const path of [MACHINE_DIRECTORY, directory]) chmodSync(path, 0o755);
  return directory;
}
