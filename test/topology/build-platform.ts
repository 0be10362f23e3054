import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { projectPath } from '../../kernel/project-path.js';

/** Below the project, so that the compiled code finds its packages, its SQL and its packets as `dist` does. */
const DIRECTORY = projectPath('node_modules', '.cache', 'topology-build');

/**
 * Compiles the platform as `npm run build` does, into a directory that all test runs share, and answers the directory.
 * Types are checked elsewhere. The lock is released by the kernel when its holder ends.
 */
export function buildPlatform(): string {
  mkdirSync(DIRECTORY, { recursive: true });
  const compiler = path.join(
    path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin/tsc',
  );
  const options = ['--noCheck', '--outDir', DIRECTORY, '--tsBuildInfoFile', path.join(DIRECTORY, '.tsbuildinfo')];
  execFileSync(
    'flock',
    [`${DIRECTORY}.lock`, process.execPath, compiler, '-p', projectPath('tsconfig.build.json'), ...options],
    { cwd: projectPath(), stdio: 'inherit' },
  );
  return DIRECTORY;
}
