export { type AppWorker, type AppWorkerOptions, startAppWorker } from './app-worker.js';
export type { WorkerLogger } from './logger.js';
export { type Observation, type Runtime, RuntimeFailure, type Workload } from './runtime.js';
export { SimulatedRuntime, type SimulatedRuntimeOptions } from './simulated-runtime.js';
export { LeaseLost, PlatformRefusal, type WorkerClient } from './worker-client.js';
export type { Claim, Endpoint, KnownInstance, Lease, Plan, Report, WorkItem } from './work-types.js';
