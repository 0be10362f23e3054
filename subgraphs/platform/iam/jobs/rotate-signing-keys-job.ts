import type { Job } from '../../../../kernel/jobs/job.js';

/** A key is published an hour before it signs, so a minute more or less does not matter. */
const EVERY_MILLISECONDS = 60_000;

/** Keeps the signing keys in rotation. `rotateWhenDue` does all the steps that are due, and nothing when none is. */
export function rotateSigningKeysJob(rotateWhenDue: () => Promise<void>): Job {
  return {
    name: 'iam.rotate_signing_keys',
    everyMilliseconds: EVERY_MILLISECONDS,
    async run() {
      await rotateWhenDue();
      return false;
    },
  };
}
