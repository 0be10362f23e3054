/** What a worker tells about itself; pino fits. Never given a secret. */
export interface WorkerLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export const SILENT: WorkerLogger = { info: () => {}, warn: () => {}, error: () => {} };
