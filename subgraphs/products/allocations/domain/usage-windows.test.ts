import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closingWindows, dueWindows } from './usage-windows.js';

const start = new Date('2026-01-01T00:00:00.250Z');
const after = (milliseconds: number): Date => new Date(start.getTime() + milliseconds);

describe('usage windows', () => {
  it('are due only when they have passed in full', () => {
    expect(dueWindows(start, after(59_999), 60, 10)).toEqual([]);
    expect(dueWindows(start, after(60_000), 60, 10)).toEqual([{ start, end: after(60_000), seconds: 60 }]);
  });

  it('never overlap, leave no gap, and never reach beyond the release, however the meter was called before it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 90 }),
        fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 6 }),
        fc.integer({ min: 0, max: 900_000 }),
        (windowSeconds, runs, activeMilliseconds) => {
          let through = start;
          const all = [];
          for (const at of runs.sort((left, right) => left - right).filter((run) => run <= activeMilliseconds)) {
            const due = dueWindows(through, after(at), windowSeconds, 3);
            all.push(...due);
            through = due.at(-1)?.end ?? through;
          }
          all.push(...closingWindows(through, after(activeMilliseconds), windowSeconds));
          const edges = all.map((window) => [window.start.getTime(), window.end.getTime()]);
          expect(edges.map(([from]) => from)).toEqual(
            [start.getTime(), ...edges.map(([, to]) => to)].slice(0, edges.length),
          );
          const seconds = all.reduce((sum, window) => sum + window.seconds, 0);
          expect(seconds).toBe(Math.floor(activeMilliseconds / 1000));
          expect((all.at(-1)?.end ?? start).getTime()).toBeLessThanOrEqual(after(activeMilliseconds).getTime());
        },
      ),
    );
  });
});
