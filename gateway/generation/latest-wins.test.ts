import { describe, expect, it } from 'vitest';
import { LatestWins } from './latest-wins.js';

describe('the latest wins', () => {
  it('does one thing at a time, and of what waits only the latest', async () => {
    const turns = new LatestWins();
    const log: string[] = [];
    const done = Promise.withResolvers<void>();
    const first = turns.run(async () => {
      log.push('first begins');
      await done.promise;
      log.push('first ends');
    });
    const second = turns.run(async () => log.push('second'));
    const third = turns.run(async () => log.push('third'));
    await expect(second).rejects.toMatchObject({ code: 'CONFLICT' });
    done.resolve();
    await Promise.all([first, third]);
    expect(log).toEqual(['first begins', 'first ends', 'third']);
  });

  it('goes on after a failure', async () => {
    const turns = new LatestWins();
    const failing = turns.run(async () => {
      throw new Error('broken');
    });
    const next = turns.run(async () => 'done');
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('done');
    expect(await turns.run(async () => 'again')).toBe('again');
  });
});
