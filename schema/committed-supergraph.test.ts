import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { projectPath } from '../kernel/project-path.js';
import { committedSupergraph, withSubgraphsHash } from './committed-supergraph.js';
import { renderSchema } from './emit.js';

describe('the committed supergraph', () => {
  it('names what it is composed of, whatever the order', () => {
    const [a, b] = [
      { name: 'a', sdl: 'type Query { a: Int }' },
      { name: 'b', sdl: 'type Query { b: Int }', url: 'http://b.test' },
    ];
    const text = withSubgraphsHash('type Query', [a, b]);
    expect(text).toMatch(/^# Composed of .* [0-9a-f]{64}\ntype Query$/);
    expect(withSubgraphsHash('type Query', [{ name: 'b', sdl: b.sdl }, a])).toBe(text);
    expect(withSubgraphsHash('type Query', [a, { ...b, sdl: `${b.sdl} ` }])).not.toBe(text);
  });

  it('is not used for other subgraphs than it was composed of', async () => {
    expect(await committedSupergraph([{ name: 'a', sdl: 'type Query { a: Int }' }])).toBeUndefined();
  });

  it('is what the code makes', { timeout: 90_000 }, async () => {
    const made = (await renderSchema()).files.get('supergraph.graphql');
    expect(made).toBe(await readFile(projectPath('schema', 'supergraph.graphql'), 'utf8'));
  });
});
