import { PlatformError } from '../../kernel/errors/platform-error.js';

/**
 * Runs an operation for so long at most: at the deadline its outstanding fetches are aborted, and it throws `TIMEOUT`.
 * What it began in a subgraph of this process goes on there. Subgraphs have shorter deadlines, which cost their fields.
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
        reject(timeout);
      }, secondsMax * 1_000);
      run(inner.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', follow);
  }
}
