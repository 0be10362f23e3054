import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { projectPath } from '../../kernel/project-path.js';

/** Below the project, so that the bundle finds its packages, its SQL and its packets as `dist` does. */
const DIRECTORY = projectPath('node_modules', '.cache', 'topology-build');

/**
 * Builds the platform as `npm run build` does, into a directory that all test runs share, and answers the directory.
 * The lock, by which it is built once, is released by the kernel when its holder ends.
 */
export function buildPlatform(): string {
  mkdirSync(DIRECTORY, { recursive: true });
  execFileSync('flock', [`${DIRECTORY}.lock`, process.execPath, projectPath('processes', 'build.ts'), DIRECTORY], {
    cwd: projectPath(),
    stdio: 'inherit',
  });
  return DIRECTORY;
}
