import { expect, it } from 'vitest';
import { loadConfiguration } from './configuration.js';

it('has a sensible default for everything', () => {
  expect(loadConfiguration({})).toMatchObject({
    environment: 'development',
    host: '127.0.0.1',
    port: 4000,
    engine: 'own',
    natsUrl: null,
  });
});

it('names every fault at once', () => {
  const load = (): unknown => loadConfiguration({ CP_PORT: 'seventy', CP_ENGINE: 'warp', CP_MASTER_KEY: 'short' });
  expect(load).toThrow(/CP_PORT[\s\S]*CP_MASTER_KEY|CP_MASTER_KEY[\s\S]*CP_PORT/);
  expect(load).toThrow(/CP_ENGINE/);
});

it('refuses a setting that does not exist, so that a misspelt name does not pass in silence', () => {
  expect(() => loadConfiguration({ CP_PROT: '4000' })).toThrow(/CP_PROT: there is no such setting/);
});

it('demands in production what may not be made up', () => {
  const load = (): unknown => loadConfiguration({ CP_ENVIRONMENT: 'production' });
  for (const name of ['DATABASE_URL', 'CP_MASTER_KEY', 'OIDC_ISSUER', 'OIDC_AUDIENCE', 'CP_PUBLIC_URL']) {
    expect(load).toThrow(new RegExp(`${name}: must be set in production`));
  }
});

it('reads lists and pairs', () => {
  const configuration = loadConfiguration({
    CP_SUBGRAPH_URLS: 'iam=http://iam:4000/graphql, apps=http://apps:4000/graphql',
    CP_OPERATORS: 'a, b',
  });
  expect([...configuration.subgraphUrls]).toEqual([
    ['iam', 'http://iam:4000/graphql'],
    ['apps', 'http://apps:4000/graphql'],
  ]);
  expect(configuration.operatorSubjects).toEqual(['a', 'b']);
  expect(() => loadConfiguration({ CP_SUBGRAPH_URLS: 'iam' })).toThrow(/CP_SUBGRAPH_URLS/);
});
