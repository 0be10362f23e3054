import { PlatformError } from '../../kernel/errors/platform-error.js';

/**
 * Runs an operation for so long at most: at the deadline its outstanding fetches are aborted, and it throws `TIMEOUT`.
 * What it began in a subgraph of this process goes on there. Subgraphs have shorter deadlines, which cost their fields.
 * `gone` is aborted at the deadline: it must be this operation's alone.
 */
export function withinDeadline<Result>(
  secondsMax: number,
  gone: AbortController = new AbortController(),
  run: (signal: AbortSignal) => Result | Promise<Result>,
): Result | Promise<Result> {
  const running = run(gone.signal);
  return running instanceof Promise ? untilDeadline(secondsMax, gone, running) : running;
}

async function untilDeadline<Result>(
  secondsMax: number,
  gone: AbortController,
  running: Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const timeout = new PlatformError('TIMEOUT', `The operation took longer than ${secondsMax} s.`);
      gone.abort(timeout);
      reject(timeout);
    }, secondsMax * 1_000);
    running.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
