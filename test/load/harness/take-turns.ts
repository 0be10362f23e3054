import { median, percentiles, rounded } from './statistics.js';
import type { BenchmarkEnvironment } from './benchmark.js';

/** One of those that take turns. */
export interface Contender {
  readonly name: string;
  /** One operation of one client; the next follows when it has ended. */
  readonly operation: (client: number) => Promise<unknown>;
  /** Before and after each of its rounds; not measured. */
  readonly before?: () => Promise<void>;
  readonly after?: () => Promise<void>;
}

export interface Standing {
  readonly name: string;
  /** Operations per second: the median over the rounds. */
  readonly rate: number;
  readonly rates: readonly number[];
  readonly milliseconds: readonly number[];
}

/**
 * Closed-loop clients, round by round in turn, so that whatever else the machine does meets all contenders alike. The
 * first turn of each is a warm-up and does not count; every other round runs in the reverse order.
 */
export async function takeTurns(
  environment: Pick<BenchmarkEnvironment, 'rounds' | 'roundMilliseconds'>,
  contenders: readonly Contender[],
  clients: number,
): Promise<ReadonlyMap<string, Standing>> {
  const results = new Map(
    contenders.map(({ name }) => [name, { rates: [] as number[], milliseconds: [] as number[] }]),
  );
  for (let round = 0; round <= environment.rounds; round += 1) {
    for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse()) {
      await contender.before?.();
      const { rate, milliseconds } = await runRound(contender, clients, environment.roundMilliseconds);
      await contender.after?.();
      if (round === 0) continue;
      results.get(contender.name)?.rates.push(rate);
      for (const time of milliseconds) results.get(contender.name)?.milliseconds.push(time);
    }
  }
  return new Map([...results].map(([name, result]) => [name, { name, rate: median(result.rates), ...result }]));
}

async function runRound(
  contender: Contender,
  clients: number,
  roundMilliseconds: number,
): Promise<{ rate: number; milliseconds: number[] }> {
  const milliseconds: number[] = [];
  const begin = performance.now();
  const end = begin + roundMilliseconds;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let start = performance.now(); start < end;) {
        await contender.operation(client);
        const now = performance.now();
        milliseconds.push(now - start);
        start = now;
      }
    }),
  );
  return { rate: (milliseconds.length / (performance.now() - begin)) * 1000, milliseconds };
}

export function standingOf(standings: ReadonlyMap<string, Standing>, name: string): Standing {
  const standing = standings.get(name);
  if (standing === undefined) throw new Error(`there was no contender "${name}"`);
  return standing;
}

/** The median of the ratios of rounds that ran beside each other. */
export function ratioOf(measured: Standing, floor: Standing): number {
  return rounded(median(measured.rates.map((rate, round) => rate / (floor.rates[round] ?? Number.NaN))));
}

/** Rate, median and tail as details of a line. */
export function detailsOf(standing: Standing): Record<string, number> {
  return percentiles(standing.milliseconds);
}
