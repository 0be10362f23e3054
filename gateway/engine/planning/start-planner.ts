import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { pathAbove, projectPath } from '../../../kernel/project-path.js';

const ENTRY = 'gateway/engine/planning/planner-entry';
/** Memory of the planner's heap: what planning takes beyond that is refused. */
const HEAP_MEGABYTES_MAX = 1_024;

/**
 * Starts the planner in a process of its own, from the bundle or, in development and tests, from source. It
 * ends with this one, and gets none of its environment. A thread would not do: some operations take
 * memory so fast that V8 ends the whole process before a thread's limit is enforced.
 */
export function startPlanner(): ChildProcess {
  const extension = path.extname(import.meta.filename);
  const sourceImports =
    extension === '.ts' ? ['--import', pathToFileURL(projectPath('kernel/source-imports.ts')).href] : [];
  return fork(pathAbove(import.meta.dirname, `${ENTRY}${extension}`), [], {
    execArgv: [`--max-old-space-size=${HEAP_MEGABYTES_MAX}`, ...sourceImports],
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}
