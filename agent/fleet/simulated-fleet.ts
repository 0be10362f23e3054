import { Agent } from 'undici';
import { NodeAgent } from '../node-agent.js';
import { type Fault, type SimulatedMachine, SimulatedRuntime } from '../runtime/simulated-runtime.js';

export interface FleetOptions {
  /** Where the control plane is, such as `http://127.0.0.1:4000`. */
  readonly baseUrl: string;
  readonly nodes: readonly SimulatedMachine[];
  /** By node name; needed by those that are not enrolled yet. */
  readonly bootstrapTokens: Readonly<Record<string, string>>;
  /** Where the agents keep their keys and fences. */
  readonly stateDirectory: string;
  /** By node name. */
  readonly faults?: Readonly<Record<string, readonly Fault[]>>;
  readonly provisionMilliseconds?: number;
  readonly releaseMilliseconds?: number;
  readonly heartbeatSeconds?: number;
  readonly waitSeconds?: number;
  readonly onError?: (error: unknown, node: string, what: string) => void;
}

export interface SimulatedFleet {
  readonly agents: ReadonlyMap<string, NodeAgent>;
  readonly runtimes: ReadonlyMap<string, SimulatedRuntime>;
  /** As a power cut of one machine. */
  kill(name: string): Promise<void>;
  /** Powers a killed machine on again, with what it kept on disk. */
  revive(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Many agents in one process over keep-alive connections: the real agent and protocol, with simulated machines. */
export async function startSimulatedFleet(options: FleetOptions): Promise<SimulatedFleet> {
  const dispatcher = new Agent({ keepAliveTimeout: 60_000, connections: null });
  const agents = new Map<string, NodeAgent>();
  const runtimes = new Map<string, SimulatedRuntime>();
  const machines = new Map(options.nodes.map((machine) => [machine.name, machine]));

  const boot = async (name: string): Promise<void> => {
    const machine = machines.get(name);
    if (machine === undefined) throw new Error(`the fleet has no node "${name}"`);
    const { provisionMilliseconds, releaseMilliseconds, heartbeatSeconds, waitSeconds, onError } = options;
    const runtime =
      runtimes.get(name) ??
      new SimulatedRuntime(machine, {
        ...(provisionMilliseconds === undefined ? {} : { provisionMilliseconds }),
        ...(releaseMilliseconds === undefined ? {} : { releaseMilliseconds }),
        faults: options.faults?.[name] ?? [],
        onCrash: () => void agents.get(name)?.kill(),
      });
    const agent = await NodeAgent.open({
      name,
      baseUrl: options.baseUrl,
      stateDirectory: options.stateDirectory,
      bootstrapToken: options.bootstrapTokens[name],
      runtime,
      dispatcher,
      ...(heartbeatSeconds === undefined ? {} : { heartbeatSeconds }),
      ...(waitSeconds === undefined ? {} : { waitSeconds }),
      ...(onError === undefined ? {} : { onError: (error, what) => onError(error, name, what) }),
    });
    runtimes.set(name, runtime);
    agents.set(name, agent);
    agent.start();
  };

  for (const machine of options.nodes) await boot(machine.name);
  return {
    agents,
    runtimes,
    kill: async (name) => agents.get(name)?.kill(),
    revive: boot,
    stop: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.stop()));
      await dispatcher.close();
    },
  };
}
