/**
 * How a model's tokens are counted before and without its provider.
 * - `builtin_words` is exact: a token is the white space before a piece and at most twelve code points of the piece;
 *   white space at the very end is one token. Joined again, the tokens are the text. A message costs four more.
 * - `utf8_bytes` is an upper bound: byte-level tokenizers make at most one token of a byte. A message costs sixteen more
 *   for the words that a chat template puts around it.
 */
export type Tokenizer = 'builtin_words' | 'utf8_bytes';

const PIECE = /\s*\S{1,12}|\s+$/gu;
const MESSAGE_OVERHEAD: Readonly<Record<Tokenizer, number>> = { builtin_words: 4, utf8_bytes: 16 };

export function splitWords(text: string): string[] {
  return text.match(PIECE) ?? [];
}

/** Tokens of a text: exact for `builtin_words`, at least as many as the model will see for `utf8_bytes`. */
export function tokenBound(tokenizer: Tokenizer, text: string): number {
  if (tokenizer === 'utf8_bytes') return Buffer.byteLength(text, 'utf8');
  let count = 0;
  PIECE.lastIndex = 0;
  while (PIECE.exec(text) !== null) count += 1;
  return count;
}

/** Tokens of a prompt of several texts, with what each message costs beside its text. */
export function promptBound(tokenizer: Tokenizer, texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + tokenBound(tokenizer, text) + MESSAGE_OVERHEAD[tokenizer], 0);
}

/**
 * What a prompt is counted as when the provider never said: exact for `builtin_words`; else the usual four bytes a
 * token, which is an estimate and is recorded as one.
 */
export function promptEstimate(tokenizer: Tokenizer, texts: readonly string[]): number {
  if (tokenizer === 'builtin_words') return promptBound(tokenizer, texts);
  return texts.reduce((sum, text) => sum + Math.ceil(Buffer.byteLength(text, 'utf8') / 4), 0);
}
