import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly node: string;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
}

interface Ticks {
  readonly busy: number;
  readonly total: number;
  readonly own: number;
}

/** How busy the machine was, and how much of that was other people's: what a number from a shared machine is worth. */
export class LoadWatch {
  readonly #before = ticks();

  /** `othersShare` is the share of all cores that processes outside of this one's session took, 0 to 1. */
  read(): { loadAverage: number; busyShare: number; othersShare: number } {
    const now = ticks();
    const total = Math.max(1, now.total - this.#before.total);
    const busyShare = (now.busy - this.#before.busy) / total;
    const ownShare = (now.own - this.#before.own) / total;
    return {
      loadAverage: Math.round((loadavg()[0] ?? 0) * 10) / 10,
      busyShare: Math.round(busyShare * 100) / 100,
      othersShare: Math.max(0, Math.round((busyShare - ownShare) * 100) / 100),
    };
  }
}

/** In clock ticks since boot; the own ones are those of this process and of its ended children. */
function ticks(): Ticks {
  const all = (/^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '').split(/\s+/).map(Number);
  const total = all.slice(0, 8).reduce((sum, value) => sum + value, 0);
  const idle = (all[3] ?? 0) + (all[4] ?? 0);
  return { busy: total - idle, total, own: ticksOfFamily(process.pid) };
}

/** The process, its ended children (utime, stime, cutime, cstime) and its living ones. */
function ticksOfFamily(pid: number): number {
  let sum = 0;
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    for (const index of [11, 12, 13, 14]) sum += Number(fields[index] ?? 0);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    for (const child of children === '' ? [] : children.split(' ')) sum += ticksOfFamily(Number(child));
  } catch {
    // It ended while we looked; its parent counts it from now on.
  }
  return sum;
}
