import { defineConfig } from 'vitest/config';

export default defineConfig({
  // One copy of graphql: without the alias vitest loads the CommonJS build beside the module build.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['{kernel,subgraphs,gateway,agent,schema,codegen,processes}/**/*.test.ts', 'test/**/*.test.ts'],
    environment: 'node',
    pool: 'forks',
    // Most tests wait for PostgreSQL or for time: one worker a core, also for the last core.
    maxWorkers: '100%',
    globalSetup: ['kernel/testing/global-setup.ts'],
    fsModuleCache: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
