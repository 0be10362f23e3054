import type { Logger } from '../kernel/telemetry/logger.js';

const GRACE_MILLISECONDS = 10_000;

/** Stops once on SIGINT or SIGTERM and exits; a second signal, or too long a stop, exits at once. */
export function onTermination(stop: () => Promise<void>, logger: Logger): void {
  let isStopping = false;
  const terminate = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(130);
    isStopping = true;
    setTimeout(() => {
      logger.error({ signal }, 'did not stop in time');
      process.exit(1);
    }, GRACE_MILLISECONDS).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', terminate);
  process.on('SIGTERM', terminate);
}
