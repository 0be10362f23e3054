import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import type { Actor } from '../../../../kernel/access/actor.js';
import type { Database } from '../../../../kernel/database/database.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { Kernel, migrationsOf } from '../../../../kernel/kernel.js';
import type { DomainDefinition } from '../../../../kernel/subgraph.js';
import { createLogger } from '../../../../kernel/telemetry/logger.js';
import { TestAuthority } from '../../../../kernel/testing/test-authority.js';
import { type TestKernel, startTestKernel, testHuman } from '../../../../kernel/testing/test-kernel.js';
import type { Registry } from '../../registry/index.js';
import type { ProjectPlace } from '../contract.js';
import { createCredentialParts, credentialEntities } from '../credentials.js';
import type { CredentialParts, PrincipalAccess } from '../credentials-parts.js';

/** The tables of both halves, with the entities of this one. */
export const credentialDefinition: DomainDefinition = {
  name: 'iam',
  migrations: migrationsOf('iam', 'subgraphs', 'platform', 'iam'),
  entities: credentialEntities,
};

const PERMISSIONS = [
  'allocations.allocation.create',
  'allocations.allocation.read',
  'token_factory.model.use',
  'iam.api_key.create',
];

/** A registry that knows some permissions. */
export function testRegistry(): Registry {
  const known = PERMISSIONS.map((id) => ({ id, description: id, roles: [], needsStepUp: false }));
  return { permissions: () => known, isPermission: (id: string) => PERMISSIONS.includes(id) } as unknown as Registry;
}

/** Stands in for the other half: places from the tables, memberships from a map, revocations into their table. */
export class TestAccess implements PrincipalAccess {
  readonly memberships = new Map<string, readonly string[] | '*'>();
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async organizationsOf(principalId: string): Promise<readonly string[] | '*'> {
    return this.memberships.get(principalId) ?? [];
  }

  async project(projectId: string): Promise<ProjectPlace | null> {
    const row = await this.#database.read('system', (tx) =>
      tx.row<{ id: string; department_id: string; organization_id: string; name: string; state: string }>(
        'select id, department_id, organization_id, name, state from iam.projects where id = $1',
        [projectId],
      ),
    );
    if (row === null) return null;
    const { id, department_id: departmentId, organization_id: organizationId, name } = row;
    const scope = { level: 'project', id, organizationId } as const;
    return { projectId: id, departmentId, organizationId, name, isActive: row.state === 'active', scope };
  }

  async revokePrincipal(...[tx, principal]: Parameters<PrincipalAccess['revokePrincipal']>): Promise<void> {
    await tx.execute(
      'insert into iam.revoked_principals (principal_id, organization_id, reason) values ($1, $2, $3) on conflict do nothing',
      [principal.id, principal.organizationId, principal.reason],
    );
  }

  async reinstatePrincipal(...[tx, principal]: Parameters<PrincipalAccess['reinstatePrincipal']>): Promise<void> {
    await tx.execute('delete from iam.revoked_principals where principal_id = $1', [principal.id]);
  }

  onAccessChange(): () => void {
    return () => {};
  }
}

export interface Place {
  readonly organizationId: string;
  readonly departmentId: string;
  readonly projectId: string;
}

/** An organization with a department and a project, straight into the tables. */
export async function makePlace(database: Database): Promise<Place> {
  const place = { organizationId: newId('org'), departmentId: newId('dep'), projectId: newId('prj') };
  await database.transaction('system', async (tx) => {
    await tx.execute(
      `insert into iam.organizations (id, type, name, slug, state, state_changed_at, created_at, created_by)
       values ($1, 'enterprise', 'Acme', $1, 'active', now(), now(), 'test')`,
      [place.organizationId],
    );
    await tx.execute(
      `insert into iam.departments (id, organization_id, name, slug, is_default, created_at) values ($1, $2, 'Default', 'default', true, now())`,
      [place.departmentId, place.organizationId],
    );
    await tx.execute(
      `insert into iam.projects (id, organization_id, department_id, name, slug, state, state_changed_at, created_at, created_by)
       values ($1, $2, $3, 'Research', $1, 'active', now(), now(), 'test')`,
      [place.projectId, place.organizationId, place.departmentId],
    );
  });
  return place;
}

/** One process of the platform, as far as credentials go. */
export interface CredentialNode {
  readonly kernel: Kernel;
  readonly parts: CredentialParts;
  readonly access: TestAccess;
  readonly authority: TestAuthority;
  close(): Promise<void>;
}

export interface CredentialWorld extends CredentialNode {
  readonly test: TestKernel;
  /** Address of the server, which is also the issuer. */
  readonly url: string;
  readonly place: Place;
  /** Holds every permission. */
  readonly admin: Actor;
  /** Everything that was logged. */
  readonly logged: () => string;
  /** Another process on the same database, under the same address. */
  addNode(): Promise<CredentialNode>;
}

/** Credentials on a database of their own, behind real HTTP, with a worker that sequences events. */
export async function startCredentialWorld(environment: Record<string, string> = {}): Promise<CredentialWorld> {
  const lines: string[] = [];
  const logger = createLogger({ level: 'trace', destination: { write: (line: string) => void lines.push(line) } });
  const { url, http } = await listen();
  const settings = { CP_PUBLIC_URL: url, ...environment };
  const test = await startTestKernel({ domains: [credentialDefinition], environment: settings });
  const startNode = async (): Promise<CredentialNode> => {
    const { configuration } = test.kernel;
    const kernel = new Kernel({
      configuration,
      databaseUrl: test.database.superuserUrl,
      domains: [credentialDefinition],
      logger,
    });
    await kernel.start();
    const authority = new TestAuthority();
    kernel.pipeline.useAuthority(authority);
    const access = new TestAccess(kernel.database);
    const parts = createCredentialParts({
      kernel,
      registry: testRegistry(),
      audit: { append: () => newId('aud') },
      access,
    });
    await parts.start();
    const close = async (): Promise<void> => {
      await parts.stop();
      await kernel.close();
    };
    return { kernel, parts, access, authority, close };
  };
  const node = await startNode();
  const loggerInstance: FastifyBaseLogger = logger;
  const server = Fastify({ loggerInstance });
  await node.parts.routes(server);
  await server.ready();
  http.on('request', (request, response) => server.routing(request, response));
  test.runWorker();
  const place = await makePlace(node.kernel.database);
  const admin = testHuman('*', { displayName: 'Ada' });
  node.authority.grant(admin.id, '*', 'platform');
  const extra: CredentialNode[] = [];
  return {
    ...node,
    test,
    url,
    place,
    admin,
    logged: () => lines.join(''),
    async addNode() {
      const added = await startNode();
      extra.push(added);
      return added;
    },
    async close() {
      http.closeAllConnections();
      http.close();
      await server.close();
      for (const other of [...extra, node]) await other.close();
      await test.close();
    },
  };
}

/** A server that listens before it answers: its address is the issuer that the routes name. */
async function listen(): Promise<{ url: string; http: Server }> {
  const http = createServer();
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const { port } = http.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, http };
}
