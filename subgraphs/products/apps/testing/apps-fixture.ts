import { graphql } from 'graphql';
import pg from 'pg';
import { expect } from 'vitest';
import type { Actor } from '../../../../kernel/access/actor.js';
import { type FederatedSchema, buildFederatedSchema } from '../../../../kernel/federation/federated-schema.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { TestAuthority } from '../../../../kernel/testing/test-authority.js';
import { type TestKernel, startTestKernel, testHuman } from '../../../../kernel/testing/test-kernel.js';
import type { AppsTimings } from '../domain/timings.js';
import { type Apps, appsDefinition, createApps } from '../index.js';
import { TestPlatform } from './test-platform.js';

/** Short enough for tests, long enough for a busy machine. */
export const TEST_TIMINGS: AppsTimings = {
  leaseSeconds: 30,
  heartbeatSeconds: 10,
  retrySeconds: 0,
  retrySecondsMax: 0,
  controllerSilentSeconds: 45,
  requestedSeconds: 3600,
  deployingSeconds: 1800,
  upgradingSeconds: 1800,
  decommissioningSeconds: 600,
};

export interface Answer {
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of GraphQL are asserted on, not typed
  readonly data?: any;
  readonly errors?: readonly { readonly message: string; readonly extensions?: Readonly<Record<string, unknown>> }[];
}

export interface AppsFixture {
  readonly test: TestKernel;
  readonly apps: Apps;
  readonly schema: FederatedSchema;
  readonly authority: TestAuthority;
  readonly platform: TestPlatform;
  readonly projectId: string;
  readonly organizationId: string;
  /** Holds every permission on the platform. */
  readonly operator: Actor;
  /** Holds every permission in the organization. */
  readonly member: Actor;
  /** A service account of the project with the permissions of the role app_worker. */
  readonly worker: Actor;
  /** Belongs to another organization and holds everything there. */
  readonly stranger: Actor;
  run(source: string, variables?: Record<string, unknown>, as?: Actor): Promise<Answer>;
  /** Runs one mutation with an `input`; answers its payload. Fails on top-level errors. */
  mutate(field: string, selection: string, input: Record<string, unknown>, as?: Actor): Promise<Answer['data']>;
  /** Runs SQL as the superuser: what time does, tests do at once. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Runs one of the domain's jobs once. */
  runJob(name: string): Promise<void>;
  close(): Promise<void>;
}

export const WORKER_PERMISSIONS = [
  'apps.instance.read',
  'apps.work_item.lease',
  'apps.work_item.heartbeat',
  'apps.work_item.report',
  'apps.work_item.complete',
  'apps.work_item.fail',
  'apps.work_item.release',
];

/** The domain on a database of its own, with the catalogue seeded and JupyterLab and vLLM enabled for one project. */
export async function startApps(
  options: { timings?: Partial<AppsTimings>; usageWindowSeconds?: number; runsWorker?: boolean } = {},
): Promise<AppsFixture> {
  const test = await startTestKernel({ domains: [appsDefinition] });
  const authority = new TestAuthority();
  test.kernel.pipeline.useAuthority(authority);
  const platform = new TestPlatform(authority);
  const { organizationId, projectId } = platform.addProject();
  const operator = testHuman('*');
  const member = testHuman([organizationId]);
  const worker = testHuman([organizationId], { kind: 'service_account', id: newId('sva'), projectId });
  const elsewhere = platform.addProject();
  const stranger = testHuman([elsewhere.organizationId]);
  authority.grant(operator.id, '*', 'platform');
  authority.grant(member.id, '*', organizationId);
  authority.grant(stranger.id, '*', elsewhere.organizationId);
  for (const permission of WORKER_PERMISSIONS) authority.grant(worker.id, permission, projectId);
  const apps = createApps({
    kernel: test.kernel,
    iam: platform,
    billing: platform,
    registry: platform,
    allocations: platform,
    configuration: { usageWindowSeconds: options.usageWindowSeconds ?? 60 },
    timings: { ...TEST_TIMINGS, ...options.timings },
  });
  const schema = buildFederatedSchema(apps.subgraph);
  await apps.seedCatalogue();
  if (options.runsWorker === true) test.runWorker(apps.subgraph.jobs, apps.subgraph.consumers);
  else test.runWorker();
  const fixture = createFixture({
    test,
    apps,
    schema,
    authority,
    platform,
    projectId,
    organizationId,
    operator,
    member,
    worker,
    stranger,
  });
  for (const appSlug of ['jupyterlab', 'vllm'])
    await fixture.mutate('appEnable', 'entitlement { id }', { projectId, appSlug });
  return fixture;
}

type Facts = Omit<AppsFixture, 'run' | 'mutate' | 'sql' | 'runJob' | 'close'>;

function createFixture(facts: Facts): AppsFixture {
  const { test, schema, member } = facts;
  const run: AppsFixture['run'] = async (source, variables = {}, as = member) =>
    graphql({
      schema: schema.schema,
      source,
      variableValues: variables,
      contextValue: test.context(as),
    });
  return {
    ...facts,
    run,
    async mutate(field, selection, input, as = member) {
      const fields = schema.schema.getMutationType()?.getFields() ?? {};
      const argument = fields[field]?.args.find(({ name }) => name === 'input');
      if (argument === undefined) throw new Error(`there is no mutation ${field}`);
      const source = `mutation ($input: ${String(argument.type)}) { ${field}(input: $input) { ${selection} userErrors { code field message details } receipt { auditId isReplay } } }`;
      const answer = await run(source, { input }, as);
      expect(answer.errors, `${field} failed`).toBeUndefined();
      return answer.data[field];
    },
    async sql(text, values = []) {
      const client = new pg.Client({ connectionString: test.database.superuserUrl });
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(text, [...values])).rows;
      } finally {
        await client.end();
      }
    },
    async runJob(name) {
      const job = facts.apps.subgraph.jobs.find((candidate) => candidate.name === name);
      if (job === undefined) throw new Error(`there is no job ${name}`);
      await job.run(new AbortController().signal);
    },
    close: () => test.close(),
  };
}
