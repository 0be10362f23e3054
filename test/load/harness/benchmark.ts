import type { Machine } from './machine.js';

/** One number that was measured, beside what it is measured against. */
export interface Line {
  readonly what: string;
  readonly value: number;
  /** `/s`, `ms`, `µs`, `MB`, … */
  readonly unit: string;
  /** The floor or peer of the same run, in the same unit. */
  readonly against?: { readonly name: string; readonly value: number };
  /** `value` divided by the floor's, as the median over the rounds where there are rounds. */
  readonly ratio?: number;
  /** What was wished for, in words; reported, never enforced. */
  readonly target?: string;
  /** Percentiles, statement counts and other facts of the run. */
  readonly details?: Readonly<Record<string, number | string>>;
}

/** What a benchmark is given. */
export interface BenchmarkEnvironment {
  readonly machine: Machine;
  /** How long each measured round lasts, in milliseconds. */
  readonly roundMilliseconds: number;
  /** How often the contenders take turns. */
  readonly rounds: number;
  /** A new directory that goes when the run ends; other accounts may enter it, as PostgreSQL's must. */
  scratchDirectory(): string;
  /** Runs the work, and writes a CPU profile of this process when `--profile` was given. */
  profiled<Result>(name: string, work: () => Promise<Result>): Promise<Result>;
  /** True with `--profile`: what costs extra to look at may be looked at. */
  readonly isProfiling: boolean;
  /** True with `--peers`: other people's servers may be installed, outside of the project, and measured. */
  readonly withPeers: boolean;
  /** Tells who waits what happens. */
  note(text: string): void;
}

export interface Benchmark {
  readonly name: string;
  /** What is measured against what, in a sentence. */
  readonly describe: string;
  readonly run: (environment: BenchmarkEnvironment) => Promise<readonly Line[]>;
}

/** Thrown when a benchmark cannot run here; reported as such, with the reason. */
export class NotAvailable extends Error {}
