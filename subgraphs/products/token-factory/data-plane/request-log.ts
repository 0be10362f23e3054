import type { Kernel } from '../../../../kernel/kernel.js';
import type { Nanos } from '../../../../kernel/money/nano-units.js';

export type Provenance = 'PROVIDER_REPORTED' | 'GATEWAY_COUNTED' | 'ESTIMATED';
export type RequestResult = 'succeeded' | 'failed' | 'cancelled' | 'refused';

/** What is kept of a request. There is no field for what was said. */
export interface RequestEntry {
  readonly id: string;
  readonly organizationId: string;
  readonly departmentId: string;
  readonly projectId: string;
  readonly routeId: string;
  readonly routeName: string;
  readonly modelId: string | null;
  readonly providerAccountId: string | null;
  readonly endpointId: string | null;
  readonly apiKeyId: string | null;
  readonly principalId: string;
  readonly operation: string;
  readonly isStreaming: boolean;
  readonly result: RequestResult;
  readonly errorCode: string | null;
  readonly attempts: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly provenance: Provenance;
  readonly costNanos: Nanos;
  readonly currency: string;
  readonly firstByteMilliseconds: number | null;
  readonly durationMilliseconds: number;
  readonly correlationId: string;
  readonly startedAt: Date;
}

const FLUSH_MILLISECONDS = 200;
const BATCH = 500;
const WAITING_MAX = 20_000;

const COLUMNS: readonly (readonly [column: string, type: string, field: keyof RequestEntry])[] = [
  ['id', 'text', 'id'],
  ['organization_id', 'text', 'organizationId'],
  ['department_id', 'text', 'departmentId'],
  ['project_id', 'text', 'projectId'],
  ['route_id', 'text', 'routeId'],
  ['route_name', 'text', 'routeName'],
  ['model_id', 'text', 'modelId'],
  ['provider_account_id', 'text', 'providerAccountId'],
  ['endpoint_id', 'text', 'endpointId'],
  ['api_key_id', 'text', 'apiKeyId'],
  ['principal_id', 'text', 'principalId'],
  ['operation', 'text', 'operation'],
  ['is_streaming', 'boolean', 'isStreaming'],
  ['result', 'text', 'result'],
  ['error_code', 'text', 'errorCode'],
  ['attempts', 'int', 'attempts'],
  ['input_tokens', 'int', 'inputTokens'],
  ['output_tokens', 'int', 'outputTokens'],
  ['provenance', 'text', 'provenance'],
  ['cost_nanos', 'bigint', 'costNanos'],
  ['currency', 'text', 'currency'],
  ['first_byte_milliseconds', 'int', 'firstByteMilliseconds'],
  ['duration_milliseconds', 'int', 'durationMilliseconds'],
  ['correlation_id', 'text', 'correlationId'],
  ['started_at', 'timestamptz', 'startedAt'],
];
const INSERT = `insert into token_factory.model_requests (${COLUMNS.map(([column]) => column).join(', ')})
  select * from unnest(${COLUMNS.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')}) on conflict do nothing`;

/**
 * Writes requests down in batches, off their path. Money does not hang on it: usage and ledger have their own
 * transaction. When the database is away, the newest entries are kept up to a bound and the rest is counted as lost.
 */
export class RequestLog {
  readonly #kernel: Kernel;
  readonly #lost;
  #waiting: RequestEntry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#lost = kernel.metrics.counter(
      'token_factory_request_log_lost_total',
      'Entries of the request log that could not be kept.',
      [],
    );
  }

  add(entry: RequestEntry): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#waiting.shift();
      this.#lost.inc();
    }
    this.#waiting.push(entry);
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MILLISECONDS);
  }

  /** Writes what waits. Entries come back to the queue when the database refuses them. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#flushing;
    this.#flushing = this.#write().finally(() => {
      this.#flushing = undefined;
    });
    await this.#flushing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      try {
        await this.#kernel.database.transaction('system', (tx) =>
          tx.prepared(
            'token_factory.request_log.insert',
            INSERT,
            COLUMNS.map(([, , field]) => batch.map((entry) => entry[field])),
          ),
        );
      } catch (error) {
        this.#kernel.logger.warn({ err: error, entries: batch.length }, 'the request log could not be written');
        this.#waiting = [...batch, ...this.#waiting].slice(-WAITING_MAX);
        this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MILLISECONDS * 10);
        this.#timer.unref();
        return;
      }
    }
  }

  async stop(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
  }
}
