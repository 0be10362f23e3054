import { PlatformError } from '../../kernel/errors/platform-error.js';

/**
 * Runs an operation for so long at most: at the deadline its outstanding fetches are aborted, and it throws `TIMEOUT`.
 * What it began in a subgraph of this process goes on there. Subgraphs have shorter deadlines, which cost their fields.
 * `gone` is aborted at the deadline: it must be this operation's alone.
 */
export async function withinDeadline<Result>(
  secondsMax: number,
  gone: AbortController = new AbortController(),
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Result>((resolve, reject) => {
      timer = setTimeout(() => {
        const timeout = new PlatformError('TIMEOUT', `The operation took longer than ${secondsMax} s.`);
        gone.abort(timeout);
        reject(timeout);
      }, secondsMax * 1_000);
      run(gone.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}
