import { Worker } from 'node:worker_threads';

/** Memory of the thread's own heap: what planning takes beyond that is refused, and the process goes on. */
const HEAP_MEGABYTES_MAX = 512;

/** Starts the planner's thread, from compiled code or, in development and tests, from source. It does not keep the process alive. */
export function startPlannerWorker(): Worker {
  const isSource = import.meta.filename.endsWith('.ts');
  const worker = new Worker(new URL(`./planner-worker.${isSource ? 'ts' : 'js'}`, import.meta.url), {
    name: 'planner',
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES_MAX },
    execArgv: isSource ? ['--import', new URL('./source-names.ts', import.meta.url).href] : [],
  });
  worker.unref();
  return worker;
}
