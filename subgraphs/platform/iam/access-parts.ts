import type { Transaction } from '../../../kernel/database/transaction.js';
import type { Kernel } from '../../../kernel/kernel.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import type { Audit } from '../evidence/index.js';
import type { Registry } from '../registry/index.js';
import { IamAuthority } from './authority.js';
import type { Directory, Policies, Quotas } from './contract.js';
import type { PrincipalAccess } from './credentials-parts.js';
import { SnapshotDirectory } from './directory.js';
import { ACCESS_EVENTS } from './domain/iam-events.js';
import { reclaimExpiredHolds } from './jobs/reclaim-expired-holds.js';
import { PolicyValues } from './policies.js';
import { QuotaTree } from './quotas.js';
import { AccessEventResolver, OrganizationEventResolver } from './schema/access-events-resolver.js';
import { DecisionResolver } from './schema/decision-resolver.js';
import { GrantMutations } from './schema/grant-mutations.js';
import {
  PolicyValueResolver,
  QuotaResolver,
  RoleBindingResolver,
  resolvePolicyValue,
  resolveQuota,
  resolveRoleBinding,
} from './schema/grant-resolver.js';
import { HierarchyMutations } from './schema/hierarchy-mutations.js';
import {
  DepartmentResolver,
  OrganizationResolver,
  ProjectResolver,
  resolveDepartment,
  resolveOrganization,
  resolveProject,
} from './schema/hierarchy-resolver.js';
import {
  GroupResolver,
  RoleReader,
  RoleResolver,
  UserResolver,
  resolveGroup,
  resolveUser,
} from './schema/principal-resolver.js';
import { PreviewResolver } from './schema/preview-resolver.js';
import { AccessChanges } from './store/access/access-changes.js';
import { PrincipalOrganizations } from './store/access/principal-organizations.js';
import { SnapshotStore } from './store/access/snapshot-store.js';
import { type AccessCommands, accessCommands } from './usecases/access-commands.js';

/** Names people by subject alone when no identity provider is configured. */
const LOCAL_ISSUER = 'urn:gpu-control-plane:local';

/** The identity provider of people who are named by their subject alone. */
export function defaultIssuer({ configuration }: Kernel): string {
  return configuration.oidc.issuer ?? LOCAL_ISSUER;
}

export interface AccessDependencies {
  readonly kernel: Kernel;
  readonly registry: Registry;
  readonly audit: Audit;
  readonly sshPublicKeys: Directory['sshPublicKeys'];
  readonly clock?: () => Date;
}

export interface AccessParts {
  readonly subgraph: Pick<Subgraph, 'resolvers' | 'references' | 'commands' | 'events' | 'jobs' | 'consumers'>;
  readonly authority: IamAuthority;
  readonly directory: Directory;
  readonly quotas: Quotas;
  readonly policies: Policies;
  readonly access: PrincipalAccess;
  readonly commands: AccessCommands;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The access half of IAM: hierarchy, roles, decisions, quota and policy. */
export function createAccessParts(dependencies: AccessDependencies): AccessParts {
  const { kernel, registry } = dependencies;
  const { database, feed, logger } = kernel;
  const snapshots = new SnapshotStore({ database, feed, registry, logger });
  const organizations = new PrincipalOrganizations(database, snapshots);
  const changes = new AccessChanges(snapshots);
  const clock = dependencies.clock === undefined ? {} : { clock: dependencies.clock };
  const authority = new IamAuthority({ snapshots, organizations, audit: dependencies.audit, ...clock });
  const directory = new SnapshotDirectory({ database, snapshots, sshPublicKeys: dependencies.sshPublicKeys });
  const commands = accessCommands({
    registry,
    snapshots,
    changes,
    defaultIssuer: defaultIssuer(kernel),
  });
  return {
    subgraph: {
      ...schemaOf({ kernel, snapshots, commands }),
      commands: Object.values(commands),
      events: ACCESS_EVENTS,
      jobs: [reclaimExpiredHolds(database)],
      consumers: [],
    },
    authority,
    directory,
    quotas: new QuotaTree(registry),
    policies: new PolicyValues(registry),
    access: principalAccess({ organizations, directory, changes, snapshots }),
    commands,
    start: () => snapshots.start(),
    stop: () => snapshots.stop(),
  };
}

function schemaOf(parts: {
  kernel: Kernel;
  snapshots: SnapshotStore;
  commands: AccessCommands;
}): Pick<Subgraph, 'resolvers' | 'references'> {
  const { kernel, snapshots, commands } = parts;
  const roles = new RoleReader(snapshots);
  return {
    resolvers: [
      new OrganizationResolver(),
      new DepartmentResolver(),
      new ProjectResolver(snapshots),
      new UserResolver(kernel.database),
      new GroupResolver(),
      new RoleResolver(roles),
      new RoleBindingResolver(roles),
      new QuotaResolver(),
      new PolicyValueResolver(),
      new DecisionResolver(kernel.database, snapshots),
      new HierarchyMutations(commands),
      new GrantMutations(commands, roles),
      new PreviewResolver(kernel.database, snapshots),
      new AccessEventResolver(roles),
      new OrganizationEventResolver(),
    ],
    references: {
      Organization: resolveOrganization,
      Department: resolveDepartment,
      Project: resolveProject,
      User: resolveUser,
      Group: resolveGroup,
      Role: (reference, context) => roles.role(String(reference['id']), context),
      RoleBinding: resolveRoleBinding,
      Quota: resolveQuota,
      PolicyValue: resolvePolicyValue,
    },
  };
}

function principalAccess(parts: {
  organizations: PrincipalOrganizations;
  directory: Directory;
  changes: AccessChanges;
  snapshots: SnapshotStore;
}): PrincipalAccess {
  const { organizations, directory, changes, snapshots } = parts;
  return {
    organizationsOf: (principalId) => organizations.organizationsOf(principalId),
    project: (projectId) => directory.project(projectId),
    async revokePrincipal(tx: Transaction, principal) {
      await tx.execute(
        'insert into iam.revoked_principals (principal_id, organization_id, reason) values ($1, $2, $3) on conflict (principal_id) do nothing',
        [principal.id, principal.organizationId, principal.reason],
      );
      await changes.record(tx, principal.organizationId);
    },
    async reinstatePrincipal(tx: Transaction, principal) {
      await tx.execute('delete from iam.revoked_principals where principal_id = $1', [principal.id]);
      await changes.record(tx, principal.organizationId);
    },
    onAccessChange: (listener) => snapshots.onChange(listener),
  };
}
