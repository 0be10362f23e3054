import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Scope } from '../access/authority.js';
import { accept, refuse } from '../errors/refusal.js';
import { defineEvent } from '../events/event-type.js';
import { newId } from '../identifiers/type-id.js';
import { TestAuthority } from '../testing/test-authority.js';
import { type TestKernel, eventually, startTestKernel, testHuman } from '../testing/test-kernel.js';
import { defineCommand } from './command.js';
import { idempotencyKey } from './idempotency.js';

const noted = defineEvent({
  type: 'kernel.note.added',
  subjectType: 'Note',
  description: 'A note.',
  data: z.object({ text: z.string() }),
});
const organizationId = newId('org');
const scope: Scope = { level: 'organization', id: organizationId, organizationId };
let runs = 0;

const addNote = defineCommand({
  action: 'kernel.note.add',
  input: z.object({ text: z.string().min(1, 'must not be empty'), idempotencyKey }),
  scope: (input) => (input.text === 'nowhere' ? null : scope),
  async run(context, input) {
    runs += 1;
    context.emit(noted, { subjectId: 'note', scope, data: { text: input.text } });
    if (input.text === 'refused') return refuse('LIMIT_REACHED', 'There are too many notes.');
    if (input.text === 'bug') throw new Error('a bug');
    context.describe({ type: 'Note', id: 'note' }, { text: input.text });
    return accept({ text: input.text }, { reveal: 'shown once' });
  },
});

let test: TestKernel;
const authority = new TestAuthority();
const person = testHuman([organizationId]);
authority.grant(person.id, '*', organizationId);

beforeAll(async () => {
  test = await startTestKernel();
  test.kernel.pipeline.useAuthority(authority);
  test.runWorker();
});
afterAll(() => test.close());

async function loggedTexts(): Promise<unknown[]> {
  const items = await test.context(person).history({ organizationId }, null, 1000);
  return items.map((item) => (item.kind === 'event' ? item.entry.event.data['text'] : 'gap'));
}

describe('the command pipeline', () => {
  it('runs a command and tells its event, audit record and result', async () => {
    const result = await test.context(person).execute(addNote, { text: 'first' });
    expect(result).toMatchObject({
      ok: true,
      value: { text: 'first' },
      reveal: 'shown once',
      receipt: { isReplay: false },
    });
    expect(authority.records.at(-1)).toMatchObject({ action: 'kernel.note.add', result: 'success', targetId: 'note' });
    await eventually(async () => (await loggedTexts()).includes('first'));
  });

  it('answers a replay with the first result and without the secret, and runs nothing', async () => {
    const first = await test.context(person).execute(addNote, { text: 'keyed', idempotencyKey: 'k1' });
    const before = runs;
    const second = await test.context(person).execute(addNote, { text: 'keyed', idempotencyKey: 'k1' });
    expect(runs).toBe(before);
    expect(second).toMatchObject({ ok: true, value: { text: 'keyed' }, receipt: { isReplay: true } });
    expect(second).not.toHaveProperty('reveal');
    expect(first.ok && second.ok && second.receipt.auditId).toBe(first.ok && first.receipt.auditId);
  });

  it('refuses the same key with another input', async () => {
    await test.context(person).execute(addNote, { text: 'one', idempotencyKey: 'k2' });
    const result = await test.context(person).execute(addNote, { text: 'two', idempotencyKey: 'k2' });
    expect(result).toMatchObject({ ok: false, refusals: [{ code: 'IDEMPOTENCY_CONFLICT' }] });
  });

  it('gives the same result to concurrent commands with the same key, and tells one event', async () => {
    const calls = Array.from({ length: 8 }, () =>
      test.context(person).execute(addNote, { text: 'race', idempotencyKey: 'k3' }),
    );
    const results = await Promise.all(calls);
    expect(new Set(results.map((result) => (result.ok ? result.receipt.auditId : 'refused'))).size).toBe(1);
    await eventually(async () => (await loggedTexts()).includes('race'));
    expect((await loggedTexts()).filter((text) => text === 'race')).toHaveLength(1);
  });

  it('names the field of a bad input', async () => {
    const result = await test.context(person).execute(addNote, { text: '' });
    expect(result).toMatchObject({ ok: false, refusals: [{ code: 'INVALID_INPUT', field: ['input', 'text'] }] });
  });

  it.each(['a\0b', 'a\uD83D'])('refuses text that the database cannot store: %j', async (text) => {
    const result = await test.context(person).execute(addNote, { text });
    expect(result).toMatchObject({ ok: false, refusals: [{ code: 'INVALID_INPUT', field: ['input', 'text'] }] });
  });

  it('undoes everything when a command is refused or throws, and audits the refusal', async () => {
    expect(await test.context(person).execute(addNote, { text: 'refused' })).toMatchObject({ ok: false });
    expect(authority.records.at(-1)).toMatchObject({ result: 'failure', reasonCode: 'LIMIT_REACHED' });
    await expect(test.context(person).execute(addNote, { text: 'bug' })).rejects.toThrow('a bug');
    await test.context(person).execute(addNote, { text: 'after' });
    await eventually(async () => (await loggedTexts()).includes('after'));
    expect(await loggedTexts()).not.toContain('refused');
    expect(await loggedTexts()).not.toContain('bug');
  });

  it('denies what was not granted, with the decision, and audits the denial', async () => {
    const stranger = testHuman([organizationId]);
    await expect(test.context(stranger).execute(addNote, { text: 'x' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      extensions: { decision: { permission: 'kernel.note.add', reason: 'NO_BINDING' } },
    });
    expect(authority.records.at(-1)).toMatchObject({ result: 'denied', actor: { id: stranger.id } });
  });

  it('hides a scope from those who may not know of it', async () => {
    await expect(test.context(testHuman([])).execute(addNote, { text: 'x' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('asks the anonymous to sign in', async () => {
    const anonymous = testHuman([], { kind: 'anonymous', id: 'anonymous' });
    await expect(test.context(anonymous).execute(addNote, { text: 'x' })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });
});
