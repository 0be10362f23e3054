import { PlatformError } from '../../kernel/errors/platform-error.js';

/**
 * Runs an operation for so long at most: at the deadline its outstanding fetches are aborted, and it throws `TIMEOUT`.
 * What it began in a subgraph of this process goes on there. Subgraphs have shorter deadlines, which cost their fields.
 * `presence` is aborted at the deadline: it must be this operation's alone.
 */
export function withinDeadline<Result>(
  secondsMax: number,
  presence: AbortController = new AbortController(),
  run: (signal: AbortSignal) => Result | Promise<Result>,
): Result | Promise<Result> {
  const running = run(presence.signal);
  return running instanceof Promise ? untilDeadline(secondsMax, presence, running) : running;
}

async function untilDeadline<Result>(
  secondsMax: number,
  presence: AbortController,
  running: Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const timeout = new PlatformError('TIMEOUT', `The operation took longer than ${secondsMax} s.`);
      presence.abort(timeout);
      reject(timeout);
    }, secondsMax * 1_000);
    running.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
