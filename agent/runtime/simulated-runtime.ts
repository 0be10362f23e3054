import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CleanupProof, Connection, TaskParams, Topology } from '../protocol/task-types.js';
import { type NodeHealth, type Runtime, RuntimeFailure } from './runtime.js';

/** What goes wrong on purpose. `times` bounds how often; without it, always. */
export interface Fault {
  readonly on: 'provision' | 'release';
  readonly kind: 'fail' | 'slow' | 'crash';
  readonly times?: number;
  /** For `slow`: how much longer it takes. */
  readonly milliseconds?: number;
}

export interface SimulatedMachine {
  readonly name: string;
  readonly gpuCount: number;
  readonly numaNodes: number;
  /** Seats for VMs without a GPU, on machines that have none. */
  readonly seats?: number;
}

export interface SimulationOptions {
  /** How long a VM takes to come up, and to be wiped. */
  readonly provisionMilliseconds?: number;
  readonly releaseMilliseconds?: number;
  readonly faults?: readonly Fault[];
  /** Called when a `crash` fault strikes: the harness kills the agent. */
  readonly onCrash?: () => void;
}

/** A machine in memory: the same protocol as a real one, with times and faults that a test decides. */
export class SimulatedRuntime implements Runtime {
  readonly #machine: SimulatedMachine;
  readonly #options: SimulationOptions;
  readonly #runtimes = new Map<string, { slots: number[]; connection: Connection }>();
  readonly #struck = new Map<Fault, number>();
  #health: NodeHealth['health'] = 'HEALTHY';

  constructor(machine: SimulatedMachine, options: SimulationOptions = {}) {
    this.#machine = machine;
    this.#options = options;
  }

  /** Allocations that have something running here: what tests look at. */
  get running(): readonly string[] {
    return [...this.#runtimes.keys()];
  }

  setHealth(health: NodeHealth['health']): void {
    this.#health = health;
  }

  async provision(params: TaskParams<'slice.vm_provision'>, signal: AbortSignal): Promise<Connection> {
    const slots = params.slots.map((slot) => slot.slotIndex);
    for (const [other, { slots: taken }] of this.#runtimes) {
      if (other !== params.allocationId && slots.some((slot) => taken.includes(slot))) {
        throw new RuntimeFailure('SLOT_BUSY', `a slot is in use by ${other}`);
      }
    }
    return this.#bringUp(params.allocationId, slots, params.user, signal);
  }

  async provisionUser(params: TaskParams<'allocation.provision_user'>, signal: AbortSignal): Promise<Connection> {
    return this.#bringUp(params.allocationId, [], params.user, signal);
  }

  async #bringUp(allocationId: string, slots: number[], user: string, signal: AbortSignal): Promise<Connection> {
    const known = this.#runtimes.get(allocationId);
    if (known !== undefined) return known.connection;
    await this.#take('provision', this.#options.provisionMilliseconds ?? 30, signal);
    const connection = { host: `${this.#machine.name}.nodes.internal`, port: 22_000 + (slots[0] ?? 0), user };
    this.#runtimes.set(allocationId, { slots, connection });
    return connection;
  }

  async release(params: TaskParams<'slice.vm_release'>, signal: AbortSignal): Promise<CleanupProof> {
    return this.#tearDown(params.allocationId, signal);
  }

  async deprovisionUser(params: TaskParams<'allocation.deprovision_user'>, signal: AbortSignal): Promise<CleanupProof> {
    return this.#tearDown(params.allocationId, signal);
  }

  async #tearDown(allocationId: string, signal: AbortSignal): Promise<CleanupProof> {
    await this.#take('release', this.#options.releaseMilliseconds ?? 20, signal);
    this.#runtimes.delete(allocationId);
    const seen = JSON.stringify({ machine: this.#machine.name, allocationId, running: this.running });
    const evidenceDigest = `sha256:${createHash('sha256').update(seen).digest('hex')}`;
    return { runtimeAbsent: true, isWiped: true, evidenceDigest };
  }

  /** Takes its time, and fails where a fault says so. */
  async #take(on: Fault['on'], milliseconds: number, signal: AbortSignal): Promise<void> {
    const fault = (this.#options.faults ?? []).find(
      (candidate) => candidate.on === on && (this.#struck.get(candidate) ?? 0) < (candidate.times ?? Infinity),
    );
    if (fault !== undefined) this.#struck.set(fault, (this.#struck.get(fault) ?? 0) + 1);
    const extra = fault?.kind === 'slow' ? (fault.milliseconds ?? 1000) : 0;
    await sleep(milliseconds + extra, undefined, { signal });
    if (fault?.kind === 'fail')
      throw new RuntimeFailure(`${on.toUpperCase()}_FAILED`, `the simulated machine could not ${on}`);
    if (fault?.kind === 'crash') {
      this.#options.onCrash?.();
      throw new RuntimeFailure('CRASHED', 'the simulated agent crashed');
    }
  }

  async topology(): Promise<Topology> {
    const { gpuCount, numaNodes, seats = 0 } = this.#machine;
    const count = gpuCount > 0 ? gpuCount : seats;
    const slots = Array.from({ length: count }, (_, index) => ({
      slotIndex: index,
      gpuPciAddress: gpuCount > 0 ? `0000:${(index + 16).toString(16)}:00.0` : null,
      fabricVfPciAddress: gpuCount > 0 ? `0000:${(index + 16).toString(16)}:01.1` : null,
      fabricClaimMode: gpuCount > 0 ? ('per_slot_vf' as const) : null,
      nvmeDevice: `/dev/nvme${index}n1`,
      macAddress: `02:00:00:00:00:${index.toString(16).padStart(2, '0')}`,
      numaNode: Math.floor((index * numaNodes) / count),
    }));
    return { kvmAvailable: true, iommuGroupCount: count * 2, iommuKernelArgs: 'intel_iommu=on iommu=pt', slots };
  }

  async health(): Promise<NodeHealth> {
    return { health: this.#health, detail: null, load: { runtimes: this.#runtimes.size } };
  }
}
