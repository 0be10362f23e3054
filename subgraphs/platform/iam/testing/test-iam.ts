import { expect } from 'vitest';
import type { z } from 'zod';
import { type GraphQLSchema, graphql } from 'graphql';
import { type Actor, systemActor } from '../../../../kernel/access/actor.js';
import type { AuditRecord } from '../../../../kernel/access/authority.js';
import type { Command, Json } from '../../../../kernel/commands/command.js';
import { buildFederatedSchema } from '../../../../kernel/federation/federated-schema.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { type TestKernel, startTestKernel, testHuman } from '../../../../kernel/testing/test-kernel.js';
import { type AccessParts, createAccessParts } from '../access-parts.js';
import { iamDefinition } from '../index.js';
import { TestRegistry } from './test-registry.js';

export interface TestIam {
  readonly test: TestKernel;
  readonly access: AccessParts;
  readonly registry: TestRegistry;
  readonly schema: GraphQLSchema;
  readonly sdl: string;
  /** What was audited. */
  readonly records: AuditRecord[];
  /** Runs a command as the system, and answers its value; fails the test when it is refused. */
  asSystem<Input extends z.ZodType, Value extends Json>(command: Command<Input, Value>, input: object): Promise<Value>;
  /** Runs a command as somebody, and answers its result, or the error that was thrown. */
  execute(actor: Actor, command: Command, input: object): Promise<unknown>;
  /** Runs a document and answers what GraphQL answered. */
  run(
    actor: Actor,
    source: string,
    variables?: Record<string, unknown>,
  ): Promise<{ data?: never; errors?: readonly { message: string; extensions: { code: string } }[] }>;
  /** An organization with a project, and an owner who is signed in. */
  organization(
    name?: string,
  ): Promise<{ organizationId: string; departmentId: string; projectId: string; owner: Actor }>;
  /** A person with roles at a scope, as an actor of that organization. */
  member(organizationId: string, scopeId: string, roles: readonly string[]): Promise<Actor>;
  close(): Promise<void>;
}

const clock = { now: (): Date => new Date() };

/** The access half of IAM alone, on a database of its own. */
export async function startTestIam(options: { registry?: TestRegistry; clock?: () => Date } = {}): Promise<TestIam> {
  const test = await startTestKernel({ domains: [iamDefinition] });
  const registry = options.registry ?? new TestRegistry();
  const records: AuditRecord[] = [];
  const audit = {
    append(_tx: unknown, record: AuditRecord) {
      records.push(record);
      return newId('aud');
    },
  };
  const access = createAccessParts({
    kernel: test.kernel,
    registry,
    audit,
    sshPublicKeys: async () => [],
    clock: options.clock ?? clock.now,
  });
  test.kernel.pipeline.useAuthority(access.authority);
  await access.start();
  const { schema, sdl } = buildFederatedSchema({ ...access.subgraph });
  const asSystem: TestIam['asSystem'] = async (command, input) => {
    const result = await test.kernel.pipeline.execute(command, input, {
      actor: systemActor('test'),
      correlationId: newId('cor'),
    });
    if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusals)}`);
    return result.value;
  };
  const member: TestIam['member'] = async (organizationId, scopeId, roles) => {
    const { userId } = await asSystem(access.commands.inviteMember, {
      scopeId,
      subject: newId('sub'),
      roles,
    });
    return testHuman([organizationId], { id: userId, authenticatedAt: Math.floor(Date.now() / 1000) });
  };
  return {
    execute: (actor, command, input) =>
      test.kernel.pipeline.execute(command, input, { actor, correlationId: newId('cor') }),
    test,
    access,
    registry,
    schema,
    sdl,
    records,
    asSystem,
    member,
    async run(actor, source, variables) {
      const result = await graphql({
        schema,
        source,
        contextValue: test.context(actor),
        ...(variables === undefined ? {} : { variableValues: variables }),
      });
      return result as never;
    },
    async organization(name = `Organization ${newId('tmp').slice(-6)}`) {
      const { id: organizationId, departmentId } = await asSystem(access.commands.createOrganization, {
        name,
      });
      const { id: projectId } = await asSystem(access.commands.createProject, {
        organizationId,
        name: 'First',
      });
      return {
        organizationId,
        departmentId,
        projectId,
        owner: await member(organizationId, organizationId, ['organization_owner']),
      };
    },
    async close() {
      await access.stop();
      await test.close();
    },
  };
}

/** The value of the only field of a document that must have succeeded. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what its document selects
export function only<Value>(result: { data?: unknown; errors?: unknown }): Value {
  expect(result.errors).toBeUndefined();
  const [value] = Object.values(result.data as Record<string, Value>);
  return value as Value;
}
