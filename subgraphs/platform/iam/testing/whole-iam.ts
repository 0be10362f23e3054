import { type GraphQLSchema, graphql } from 'graphql';
import { type Actor, systemActor } from '../../../../kernel/access/actor.js';
import type { AuditRecord } from '../../../../kernel/access/authority.js';
import type { Command } from '../../../../kernel/commands/command.js';
import { buildFederatedSchema } from '../../../../kernel/federation/federated-schema.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { type TestKernel, startTestKernel, testHuman } from '../../../../kernel/testing/test-kernel.js';
import { createIam, iamDefinition } from '../index.js';
import type { IamDomain } from '../index.js';
import { TestRegistry } from './test-registry.js';

export interface Home {
  readonly organizationId: string;
  readonly departmentId: string;
  readonly projectId: string;
  readonly otherProjectId: string;
  /** Administrates the first project. */
  readonly admin: Actor;
}

/** Both halves of IAM at work, with what IAM alone needs around it. */
export interface WholeIam {
  readonly test: TestKernel;
  readonly iam: IamDomain;
  readonly schema: GraphQLSchema;
  readonly sdl: string;
  readonly records: AuditRecord[];
  readonly home: Home;
  /** A person with a role at a scope. */
  member(organizationId: string, scopeId: string, role: string): Promise<Actor>;
  makeHome(): Promise<Home>;
  /** The value of the only field of a document; throws what GraphQL answered as errors. */
  run<Value>(actor: Actor, source: string, variables?: Record<string, unknown>): Promise<Value>;
  /** Code of the first error that a document is answered with. */
  codeOf(actor: Actor, source: string, variables?: Record<string, unknown>): Promise<string | undefined>;
  close(): Promise<void>;
}

export async function startWholeIam(environment: Record<string, string> = {}): Promise<WholeIam> {
  const test = await startTestKernel({
    domains: [iamDefinition],
    environment: { CP_PUBLIC_URL: 'http://platform.test', ...environment },
  });
  const records: AuditRecord[] = [];
  const append = (_tx: unknown, record: AuditRecord): string => {
    records.push(record);
    return newId('aud');
  };
  const registry = new TestRegistry();
  registry.addPermission('allocations.allocation.create', ['project_member']);
  registry.addPermission('token_factory.model.use', ['project_member']);
  const iam = createIam({ kernel: test.kernel, registry, evidence: { audit: { append } } });
  test.kernel.pipeline.useAuthority(iam.authority);
  await iam.subgraph.start?.();
  test.runWorker(iam.subgraph.jobs);
  const { schema, sdl } = buildFederatedSchema(iam.subgraph);
  const asSystem = async <Value>(command: unknown, input: object): Promise<Value> => {
    const invocation = { actor: systemActor('test'), correlationId: newId('cor') };
    const result = await test.kernel.pipeline.execute(command as Command, input, invocation);
    if (!result.ok) throw new Error(JSON.stringify(result.refusals));
    return result.value as Value;
  };
  const member = async (organizationId: string, scopeId: string, role: string): Promise<Actor> => {
    const input = { scopeId, subject: newId('sub'), issuer: 'https://idp.test', roles: [role] };
    const { userId } = await asSystem<{ userId: string }>(iam.commands.inviteMember, input);
    return testHuman([organizationId], { id: userId, authenticatedAt: Math.floor(Date.now() / 1000) });
  };
  const makeHome = async (): Promise<Home> => {
    const name = `Organization ${newId('tmp').slice(-6)}`;
    const { id: organizationId, departmentId } = await asSystem<{ id: string; departmentId: string }>(
      iam.commands.createOrganization,
      { name },
    );
    const { id: projectId } = await asSystem<{ id: string }>(iam.commands.createProject, {
      organizationId,
      name: 'First',
    });
    const { id: otherProjectId } = await asSystem<{ id: string }>(iam.commands.createProject, {
      organizationId,
      name: 'Second',
    });
    const admin = await member(organizationId, projectId, 'project_admin');
    return { organizationId, departmentId, projectId, otherProjectId, admin };
  };
  const execute = async (actor: Actor, source: string, variables: Record<string, unknown> = {}) =>
    graphql({ schema, source, contextValue: test.context(actor), variableValues: variables });
  return {
    test,
    iam,
    schema,
    sdl,
    records,
    member,
    makeHome,
    home: await makeHome(),
    async run<Value>(actor: Actor, source: string, variables?: Record<string, unknown>) {
      const { data, errors } = await execute(actor, source, variables);
      if (errors !== undefined || data == null) throw new Error(JSON.stringify(errors));
      return Object.values(data)[0] as Value;
    },
    async codeOf(actor, source, variables) {
      return (await execute(actor, source, variables)).errors?.[0]?.extensions['code'] as string | undefined;
    },
    async close() {
      await iam.subgraph.stop?.();
      await test.close();
    },
  };
}
