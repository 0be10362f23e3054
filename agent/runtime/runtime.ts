import type { TaskParams, TaskResult, TaskType, Topology } from '../protocol/task-types.js';

export interface NodeHealth {
  readonly health: 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY';
  readonly detail: string | null;
  /** Small numbers for operators, such as `gpusInUse`. */
  readonly load: Readonly<Record<string, number>>;
}

/**
 * What carries tasks out on a machine: a hypervisor, or a simulation. Each call is idempotent: asked again for the same
 * allocation it answers the same, and releasing what is not there answers with proof that it is not.
 */
export interface Runtime {
  provision(params: TaskParams<'slice.vm_provision'>, signal: AbortSignal): Promise<TaskResult<'slice.vm_provision'>>;
  release(params: TaskParams<'slice.vm_release'>, signal: AbortSignal): Promise<TaskResult<'slice.vm_release'>>;
  provisionUser(
    params: TaskParams<'allocation.provision_user'>,
    signal: AbortSignal,
  ): Promise<TaskResult<'allocation.provision_user'>>;
  deprovisionUser(
    params: TaskParams<'allocation.deprovision_user'>,
    signal: AbortSignal,
  ): Promise<TaskResult<'allocation.deprovision_user'>>;
  topology(): Promise<Topology>;
  health(): Promise<NodeHealth>;
}

/** A foreseen failure of the machine; the code goes to the control plane. */
export class RuntimeFailure extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'RuntimeFailure';
  }
}

/** Hands a verified task to the runtime. */
export async function carryOut<Type extends TaskType>(
  runtime: Runtime,
  task: { type: Type; params: TaskParams<Type> },
  signal: AbortSignal,
): Promise<TaskResult<Type>> {
  const handlers: { [Each in TaskType]: (params: TaskParams<Each>) => Promise<TaskResult<Each>> } = {
    'slice.vm_provision': (params) => runtime.provision(params, signal),
    'slice.vm_release': (params) => runtime.release(params, signal),
    'allocation.provision_user': (params) => runtime.provisionUser(params, signal),
    'allocation.deprovision_user': (params) => runtime.deprovisionUser(params, signal),
    'diag.health_probe': async () => {
      const { health, detail } = await runtime.health();
      return { isHealthy: health === 'HEALTHY', detail };
    },
    'slice.topology_discover': () => runtime.topology(),
  };
  return handlers[task.type](task.params);
}
