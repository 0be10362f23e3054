/**
 * `none`: no answer came, another attempt may bring one. `bad`: what came is no GraphQL. `tooLarge`: it was cut off, and
 * says nothing about the subgraph's health.
 */
export type AnswerFaultKind = 'none' | 'bad' | 'tooLarge';

/** Why there is no usable answer. Its message completes the sentence "The subgraph …". */
export class AnswerFault extends Error {
  readonly kind: AnswerFaultKind;
  /** How long the subgraph asks to be left alone (RFC 9110, 10.2.3). */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    kind: AnswerFaultKind,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterSeconds?: number | undefined } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
