import type { IncrementalResult, SubsequentResult } from '../engine/engine.js';
import { maskErrors, maskResult, type ErrorMasking } from './mask-errors.js';

/** Makes an answer in parts fit to be shown. */
export function maskIncrementally(
  { initial, subsequent }: IncrementalResult,
  masking: ErrorMasking,
): IncrementalResult {
  return {
    initial: { ...maskResult(initial, masking), hasNext: true },
    subsequent: masked(subsequent, masking),
  };
}

async function* masked(
  parts: IncrementalResult['subsequent'],
  masking: ErrorMasking,
): AsyncGenerator<SubsequentResult, void, void> {
  for await (const part of parts) {
    const incremental = part.incremental?.map((patch) =>
      patch.errors ? { ...patch, errors: maskErrors(patch.errors, masking) } : patch,
    );
    yield incremental ? { ...part, incremental } : part;
  }
}
