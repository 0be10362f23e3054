import { describe, expect, it } from 'vitest';
import { GroupQueue } from './group-queue.js';

interface Item {
  readonly name: string;
  readonly key?: string;
}

/** A queue whose groups end when the test says so. */
function queueOf(limits: { inFlightMax: number; sizeMax: number; waitingMax?: number }) {
  const groups: string[][] = [];
  const ends: (() => void)[] = [];
  const queue = new GroupQueue<Item, string>({
    waitingMax: 100,
    ...limits,
    keyOf: (item) => item.key ?? null,
    async run(group) {
      groups.push(group.map(({ item }) => item.name));
      await new Promise<void>((resolve) => ends.push(resolve));
      for (const { item, settle } of group) settle(Promise.resolve(item.name));
    },
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const submit = (...items: Item[]): Promise<string[]> => Promise.all(items.map((item) => queue.submit(item)));
  const named = (...names: string[]): Item[] => names.map((name) => ({ name }));
  return { queue, groups, submit, named, turn, end: () => ends.shift()?.() };
}

describe('a queue of groups', () => {
  it('shares out evenly what is asked for at once, in the order of asking', async () => {
    const { groups, submit, named, turn } = queueOf({ inFlightMax: 2, sizeMax: 8 });
    void submit(...named('a', 'b', 'c', 'd', 'e'));
    await turn();
    expect(groups).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
  });

  it('lets a group go beside another only when it is half as large, and at once when none runs', async () => {
    const { groups, submit, named, turn, end } = queueOf({ inFlightMax: 2, sizeMax: 8 });
    void submit(...named('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'));
    await turn();
    end();
    await turn();
    void submit(...named('i'));
    await turn();
    expect(groups.map(({ length }) => length)).toEqual([4, 4]);
    void submit(...named('j'));
    await turn();
    expect(groups.at(-1)).toEqual(['i', 'j']);
  });

  it('refuses what comes when too many wait, and takes more when a group has gone', async () => {
    const { submit, named, turn } = queueOf({ inFlightMax: 1, sizeMax: 2, waitingMax: 2 });
    void submit(...named('a', 'b'));
    await expect(submit(...named('c'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await turn();
    void submit(...named('d', 'e'));
    await expect(submit(...named('f'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('collects what arrives while the groups run, and lets it go together when one has ended', async () => {
    const { groups, submit, named, turn, end } = queueOf({ inFlightMax: 1, sizeMax: 3 });
    const first = submit(...named('a'));
    await turn();
    void submit(...named('b', 'c'));
    await turn();
    void submit(...named('d', 'e'));
    await turn();
    expect(groups).toEqual([['a']]);
    end();
    expect(await first).toEqual(['a']);
    await turn();
    end();
    await turn();
    expect(groups).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  });

  it('never runs two of one key at the same time, and lets others pass meanwhile', async () => {
    const { groups, submit, turn, end } = queueOf({ inFlightMax: 2, sizeMax: 8 });
    const all = submit({ name: 'a', key: 'k' }, { name: 'again', key: 'k' }, { name: 'b' });
    await turn();
    expect(groups).toEqual([['a', 'b']]);
    end();
    await turn();
    expect(groups).toEqual([['a', 'b'], ['again']]);
    end();
    expect(await all).toEqual(['a', 'again', 'b']);
  });

  it('rejects those that a group left without an answer, and goes on', async () => {
    let runs = 0;
    const queue = new GroupQueue<string, string>({
      inFlightMax: 1,
      sizeMax: 8,
      waitingMax: 100,
      keyOf: (item) => item,
      async run(group) {
        runs += 1;
        if (runs === 1) throw new Error('broken');
        for (const { item, settle } of group) settle(Promise.resolve(item));
      },
    });
    await expect(queue.submit('a')).rejects.toThrow('broken');
    expect(await queue.submit('a')).toBe('a');
  });
});
