import { PlatformError } from '../../kernel/errors/platform-error.js';

/** How long an operation whose fetches were aborted may take to answer with what it has. */
const GRACE_MILLISECONDS = 100;

/**
 * Runs an operation for so long at most. At the deadline its outstanding fetches are aborted, so that it can answer
 * with the fields it has; if it does not, throws `TIMEOUT`. What it began in a subgraph of this process goes on there.
 */
export async function withinDeadline<Result>(
  secondsMax: number,
  outer: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const inner = new AbortController();
  const follow = (): void => inner.abort(outer?.reason);
  if (outer?.aborted) follow();
  else outer?.addEventListener('abort', follow, { once: true });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Result>((resolve, reject) => {
      timer = setTimeout(() => {
        const timeout = new PlatformError('TIMEOUT', `The operation took longer than ${secondsMax} s.`);
        inner.abort(timeout);
        timer = setTimeout(() => reject(timeout), GRACE_MILLISECONDS);
      }, secondsMax * 1_000);
      run(inner.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', follow);
  }
}
