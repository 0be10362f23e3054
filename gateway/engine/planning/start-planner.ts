import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Memory of the planner's heap: what planning takes beyond that is refused. */
const HEAP_MEGABYTES_MAX = 1_024;

/**
 * Starts the planner in a process of its own, from compiled code or, in development and tests, from source. It
 * ends with this one, and gets none of its environment. A thread would not do: some operations take
 * memory so fast that V8 ends the whole process before a thread's limit is enforced.
 */
export function startPlanner(): ChildProcess {
  const isSource = import.meta.filename.endsWith('.ts');
  const entry = fileURLToPath(new URL(`./planner-entry.${isSource ? 'ts' : 'js'}`, import.meta.url));
  const sourceImports = isSource
    ? ['--import', new URL('../../../kernel/source-imports.ts', import.meta.url).href]
    : [];
  return fork(entry, [], {
    execArgv: [`--max-old-space-size=${HEAP_MEGABYTES_MAX}`, ...sourceImports],
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}
