import type { Database } from '../database/database.js';
import type { Job } from '../jobs/job.js';
import { type CopiedLog, type SequencedLog, sequenceBatch } from './sequencer.js';
import type { WakeSignal } from './wake-signal.js';

const POLL_MILLISECONDS = 100;

/**
 * Keeps one log sequenced: wakes on commits of this process and hints of others, polls as the backstop, and wakes the
 * followers when something was appended.
 */
export function sequencerJob(options: {
  database: Database;
  log: SequencedLog | CopiedLog;
  outboxSignal: WakeSignal;
  appendedSignal?: WakeSignal;
}): Job {
  const { database, log, outboxSignal, appendedSignal } = options;
  let isPending = false;
  let wake: () => void = () => {};
  outboxSignal.onWake(() => {
    isPending = true;
    wake();
  });
  return {
    name: `kernel.sequence.${log.log}`,
    everyMilliseconds: 1,
    async run(signal) {
      isPending = false;
      const count = await sequenceBatch(database, log);
      if (count > 0) appendedSignal?.wake();
      if (count > 0 || isPending || signal.aborted) return count > 0;
      // Rests inside the run, so that the lease is looked after between two runs.
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MILLISECONDS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      return true;
    },
  };
}
