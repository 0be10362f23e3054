import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export type CommandOutcome = 'success' | 'refused' | 'denied' | 'error';

export interface CommandMetrics {
  /** Starts the clock of one command; call the answer with its outcome. */
  start(action: string): (outcome: CommandOutcome) => void;
}

/** The process's Prometheus registry. Each process has one; tests make their own. */
export class Metrics {
  readonly registry = new Registry();
  readonly commands: CommandMetrics;

  constructor(options: { collectsProcessMetrics: boolean } = { collectsProcessMetrics: false }) {
    if (options.collectsProcessMetrics) collectDefaultMetrics({ register: this.registry });
    const seconds = this.histogram('control_plane_command_seconds', 'Time of a command, commit included.', [
      'action',
      'outcome',
    ]);
    this.commands = {
      start: (action) => {
        const startedAt = performance.now();
        return (outcome) => seconds.observe({ action, outcome }, (performance.now() - startedAt) / 1000);
      },
    };
  }

  histogram<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Histogram<Label> {
    const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    return new Histogram({ name, help, labelNames: [...labelNames], buckets, registers: [this.registry] });
  }

  counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }
}
