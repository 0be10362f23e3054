import { promptEstimate, tokenBound } from '../domain/tokenizer.js';
import type { TokenCount } from '../domain/token-price.js';
import type { JsonBody } from '../providers/model-provider.js';
import type { PricedTarget } from './candidate-targets.js';
import type { Provenance } from './request-log.js';

interface ReportedUsage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
}

interface Choice {
  readonly text?: string;
  readonly delta?: {
    readonly content?: string | null;
    readonly reasoning_content?: string | null;
    readonly tool_calls?: readonly unknown[];
  };
  readonly message?: { readonly content?: string | null; readonly tool_calls?: readonly unknown[] };
}

/**
 * Counts what was delivered. What the provider reports goes first; without a report, tokens of the built-in tokenizer
 * are counted exactly, and for others each delivered piece of a stream counts as one token, which servers send at least.
 */
export class TokenTally {
  readonly #target: PricedTarget;
  readonly #texts: readonly string[];
  #counted = 0;
  #reported: TokenCount | null = null;

  constructor(target: PricedTarget, texts: readonly string[]) {
    this.#target = target;
    this.#texts = texts;
  }

  /** Counts a chunk that was handed to the client. */
  delivered(chunk: JsonBody): void {
    for (const choice of choicesOf(chunk)) this.#counted += this.#tokensOf(textOf(choice));
    this.report(chunk);
  }

  /** Takes a report of usage from a chunk or a whole answer, if it has one. */
  report(body: JsonBody): void {
    const usage = body['usage'] as ReportedUsage | null | undefined;
    if (usage == null || !isCount(usage.prompt_tokens)) return;
    this.#reported = {
      inputTokens: usage.prompt_tokens,
      outputTokens: isCount(usage.completion_tokens) ? usage.completion_tokens : 0,
    };
  }

  get hasDelivered(): boolean {
    return this.#counted > 0;
  }

  count(): TokenCount {
    return (
      this.#reported ?? {
        inputTokens: promptEstimate(this.#target.endpoint.model.tokenizer, this.#texts),
        outputTokens: this.#counted,
      }
    );
  }

  provenance(): Provenance {
    if (this.#reported !== null) return 'PROVIDER_REPORTED';
    return this.#target.endpoint.model.tokenizer === 'builtin_words' ? 'GATEWAY_COUNTED' : 'ESTIMATED';
  }

  /** Counts a whole answer that came without a report. */
  countWhole(body: JsonBody): void {
    this.report(body);
    if (this.#reported !== null) return;
    const { tokenizer } = this.#target.endpoint.model;
    for (const choice of choicesOf(body)) {
      const text = textOf(choice);
      this.#counted +=
        tokenizer === 'builtin_words' ? tokenBound(tokenizer, text) : Math.ceil(Buffer.byteLength(text) / 4);
    }
  }

  #tokensOf(text: string): number {
    if (text === '') return 0;
    const { tokenizer } = this.#target.endpoint.model;
    return tokenizer === 'builtin_words' ? tokenBound(tokenizer, text) : 1;
  }
}

function choicesOf(body: JsonBody): readonly Choice[] {
  return Array.isArray(body['choices']) ? (body['choices'] as readonly Choice[]) : [];
}

function textOf(choice: Choice): string {
  const { delta, message, text } = choice;
  const calls = delta?.tool_calls ?? message?.tool_calls;
  return `${text ?? ''}${delta?.content ?? ''}${delta?.reasoning_content ?? ''}${message?.content ?? ''}${calls === undefined ? '' : JSON.stringify(calls)}`;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
