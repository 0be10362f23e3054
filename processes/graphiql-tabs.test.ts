import { readFile } from 'node:fs/promises';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { AUDIENCES } from '../kernel/federation/audience.js';
import { projectPath } from '../kernel/project-path.js';
import { GRAPHIQL_TABS, tabsWithin } from './graphiql-tabs.js';

const GRAPHS = { public: 'contracts/public', operator: 'contracts/operator', internal: 'api' };

describe('the tabs of GraphiQL', () => {
  it('ask each contract graph only for what it has', async () => {
    for (const contract of AUDIENCES) {
      const schema = buildSchema(await readFile(projectPath('schema', `${GRAPHS[contract]}.graphql`), 'utf8'));
      const tabs = tabsWithin(contract, GRAPHIQL_TABS);
      expect(tabs.length).toBeGreaterThan(3);
      expect(tabs.flatMap(({ query }) => validate(schema, parse(query)).map(({ message }) => message))).toEqual([]);
    }
  });
});
