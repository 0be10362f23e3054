import { createSourceEventStream, execute as graphqlExecute, graphql, parse } from 'graphql';
import type { Actor } from '../../../../kernel/access/actor.js';
import { type FederatedSchema, buildFederatedSchema } from '../../../../kernel/federation/federated-schema.js';
import { type TestKernel, eventually, startTestKernel, testHuman } from '../../../../kernel/testing/test-kernel.js';
import { type Evidence, createEvidence, evidenceDefinition } from '../index.js';
import { AuditingAuthority } from './auditing-authority.js';

export interface Answer {
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly extensions: Readonly<Record<string, unknown>> }[];
}

/** Evidence at work in a test: real audit, a worker, and an operator who may do everything. */
export interface EvidenceFixture {
  readonly test: TestKernel;
  readonly evidence: Evidence;
  readonly authority: AuditingAuthority;
  readonly operator: Actor;
  readonly sdl: string;
  run(source: string, who?: Actor, variables?: Readonly<Record<string, unknown>>): Promise<Answer>;
  subscribe(source: string, who: Actor): Promise<AsyncGenerator<Answer>>;
  /** Waits until everything that was committed has its place in the audit log. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export async function startEvidence(): Promise<EvidenceFixture> {
  const test = await startTestKernel({ domains: [evidenceDefinition] });
  const authority = new AuditingAuthority();
  test.kernel.pipeline.useAuthority(authority);
  const evidence = createEvidence({ kernel: test.kernel });
  const { schema, sdl } = buildFederatedSchema(evidence.subgraph);
  await evidence.subgraph.start?.();
  test.runWorker(evidence.subgraph.jobs);
  const operator = testHuman('*', { displayName: 'Operator', ip: '192.0.2.1', userAgent: 'tests' });
  authority.grant(operator.id, '*', 'platform');
  return {
    test,
    evidence,
    authority,
    operator,
    sdl,
    run: (source, who = operator, variables = {}) => execute(schema, source, test, { who, variables }),
    subscribe: (source, who) => openStream(schema, source, test, who),
    async settled() {
      await eventually(async () => {
        const row = await test.kernel.database.read('system', (tx) =>
          tx.row<{ n: number }>("select count(*)::int as n from kernel.outbox where topic = 'audit'"),
        );
        return row?.n === 0;
      });
    },
    async close() {
      await evidence.subgraph.stop?.();
      await test.close();
    },
  };
}

async function execute(
  schema: FederatedSchema['schema'],
  source: string,
  test: TestKernel,
  options: { who: Actor; variables: Readonly<Record<string, unknown>> },
): Promise<Answer> {
  return (await graphql({
    schema,
    source,
    contextValue: test.context(options.who),
    variableValues: options.variables,
  })) as unknown as Answer;
}

/** As the gateway does it: each event is resolved in a context of its own, so that nothing is remembered between two. */
async function openStream(
  schema: FederatedSchema['schema'],
  source: string,
  test: TestKernel,
  who: Actor,
): Promise<AsyncGenerator<Answer>> {
  const document = parse(source);
  const events = await createSourceEventStream({ schema, document, contextValue: test.context(who) });
  if (!(Symbol.asyncIterator in events)) throw new Error(JSON.stringify(events));
  return (async function* () {
    for await (const event of events) {
      yield (await graphqlExecute({
        schema,
        document,
        rootValue: event,
        contextValue: test.context(who),
      })) as unknown as Answer;
    }
  })();
}
