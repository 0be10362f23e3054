import { expect } from 'vitest';
import type { GraphqlAnswer } from '../harness/graphql-request.js';

/** Each error has a code and a correlation id, and says nothing of what is inside. */
export function expectRefused(answer: GraphqlAnswer, code: string): void {
  expect(answer.errors.length).toBeGreaterThan(0);
  for (const { extensions, message } of answer.errors) {
    expect({ code: extensions['code'], message }).toEqual({ code, message });
    expect(extensions['correlationId']).toMatch(/^[0-9a-f-]{36}$/);
    expect(message).not.toMatch(/select |insert |pg_|\.ts:|node_modules/i);
  }
}
