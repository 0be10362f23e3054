import { isUtf8 } from 'node:buffer';
import type { Dispatcher } from 'undici';
import { AnswerFault } from './answer-fault.js';
import type { Cancellation } from './cancellation.js';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** GraphQL over HTTP: a subgraph that says what it answers must say one of these. */
const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/graphql-response+json']);

/**
 * Sends one request and gathers its answer, up to `bytesMax` bytes. Rejects with an {@link AnswerFault}, or with the
 * reason of the cancellation, which closes the connection.
 */
export async function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  bytesMax: number,
  cancellation: Cancellation,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const handler = new AnswerGatherer(bytesMax, resolve, reject);
    cancellation.onCancel((reason) => handler.abort(reason));
    dispatcher.dispatch(request, handler);
  });
}

class AnswerGatherer implements Dispatcher.DispatchHandler {
  readonly #bytesMax: number;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (reason: Error) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #abortReason: Error | undefined;
  #status = 0;
  /** Known from status and headers; what comes after is not kept. */
  #fault: AnswerFault | undefined;
  #bytes = 0;
  #first: Buffer | undefined;
  #rest: Buffer[] | undefined;

  constructor(bytesMax: number, resolve: (answer: HttpAnswer) => void, reject: (reason: Error) => void) {
    this.#bytesMax = bytesMax;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Also before the request has a connection. */
  abort(reason: Error): void {
    this.#abortReason = reason;
    this.#reject(reason);
    this.#controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#abortReason) controller.abort(this.#abortReason);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#status = status;
    if (status < 200) return;
    this.#fault = faultOf(status, headers);
    if (Number(headers['content-length'] ?? 0) > this.#bytesMax) this.#refuseMore();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#bytesMax) this.#refuseMore();
    else if (this.#fault) return;
    else if (this.#first === undefined) this.#first = chunk;
    else (this.#rest ??= [this.#first]).push(chunk);
  }

  onResponseEnd(): void {
    if (this.#fault) return this.#reject(this.#fault);
    const bytes = this.#rest ? Buffer.concat(this.#rest, this.#bytes) : (this.#first ?? Buffer.alloc(0));
    if (!isUtf8(bytes)) return this.#reject(new AnswerFault('bad', 'answered what is not UTF-8'));
    this.#resolve({ status: this.#status, text: bytes.toString('utf8') });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    // A header that cannot be sent is our fault; it must not look like the subgraph's.
    if ('code' in error && error.code === 'UND_ERR_INVALID_ARG') return this.#reject(error);
    const message = this.#status === 0 ? 'did not answer' : 'broke off its answer';
    this.#reject(error instanceof AnswerFault ? error : new AnswerFault('none', message, { cause: error }));
  }

  #refuseMore(): void {
    this.abort(this.#fault ?? new AnswerFault('tooLarge', `answered more than ${this.#bytesMax} bytes`));
  }
}

function faultOf(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): AnswerFault | undefined {
  if (status >= 502 && status <= 504) {
    const retryAfterSeconds = status === 503 ? secondsOf(headers['retry-after']) : undefined;
    return new AnswerFault('none', `answered status ${status}`, { retryAfterSeconds });
  }
  if (status >= 300 && status < 400)
    return new AnswerFault('bad', `answered status ${status}, and redirects are not followed`);
  const type = headers['content-type'];
  if (type === undefined || isJsonType(String(type))) return undefined;
  return new AnswerFault('bad', `answered no JSON (status ${status}, content type ${String(type).slice(0, 100)})`);
}

/** The one accepted last: a subgraph always says the same. */
let lastJsonType = '';

function isJsonType(type: string): boolean {
  if (type === lastJsonType) return true;
  if (!JSON_TYPES.has((type.split(';', 1)[0] ?? '').trim().toLowerCase())) return false;
  lastJsonType = type;
  return true;
}

/** `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3). */
function secondsOf(retryAfter: string | string[] | undefined): number | undefined {
  if (typeof retryAfter !== 'string') return undefined;
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter);
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1_000);
}
