import type { FastifyInstance } from 'fastify';
import type { Command } from '../../../kernel/commands/command.js';
import type { Transaction } from '../../../kernel/database/transaction.js';
import type { EventType } from '../../../kernel/events/event-type.js';
import type { ReferenceResolver } from '../../../kernel/federation/federated-schema.js';
import type { Consumer, Job } from '../../../kernel/jobs/job.js';
import type { Kernel } from '../../../kernel/kernel.js';
import type { Audit } from '../evidence/index.js';
import type { Registry } from '../registry/index.js';
import type { Credentials, ProjectPlace, Secrets } from './contract.js';

/** What credentials ask of access: where principals belong, and how to take their access away at once. */
export interface PrincipalAccess {
  /**
   * Organizations in which the principal is a member or holds a binding, and `'*'` for holders of a platform role: what
   * `Actor.organizationIds` must be. From memory, at most seconds old; after an access change in this process, fresh.
   */
  organizationsOf(principalId: string): Promise<readonly string[] | '*'>;
  /** The place of a project; null when there is none. */
  project(projectId: string): Promise<ProjectPlace | null>;
  /**
   * Denies the principal everything from the commit on, with reason REVOKED, whatever bindings or tokens it still has.
   * Only from a command with `changesAccess: true` on a scope of the same organization (null for people: platform scope).
   */
  revokePrincipal(
    tx: Transaction,
    principal: { id: string; organizationId: string | null; reason: string },
  ): Promise<void>;
  reinstatePrincipal(tx: Transaction, principal: { id: string; organizationId: string | null }): Promise<void>;
  /** Hears of changed access; null means the platform. To drop cached actors. */
  onAccessChange(listener: (organizationId: string | null) => void): () => void;
}

export interface CredentialDependencies {
  readonly kernel: Kernel;
  readonly registry: Registry;
  readonly audit: Audit;
  readonly access: PrincipalAccess;
}

/** What `createCredentialParts(deps)` of `credentials.ts` gives to the composition root. */
export interface CredentialParts {
  readonly resolvers: readonly object[];
  /** `User`, `Project` and the rest of the hierarchy are resolved by access: only types that credentials own. */
  readonly references: Readonly<Record<string, ReferenceResolver>>;
  readonly orphanedTypes?: readonly (abstract new () => object)[];
  readonly commands: readonly Command[];
  readonly events: readonly EventType[];
  readonly jobs: readonly Job[];
  readonly consumers: readonly Consumer[];
  readonly routes: (server: FastifyInstance) => void | Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly credentials: Credentials;
  readonly secrets: Secrets;
  sshPublicKeys(
    tx: Transaction,
    sshKeyIds: readonly string[],
  ): Promise<{ id: string; ownerId: string; organizationId: string | null; publicKey: string }[]>;
}

export type CreateCredentialParts = (dependencies: CredentialDependencies) => CredentialParts;

/*
 * Agreed between the two halves:
 * - `credentials.ts` exports `createCredentialParts: CreateCredentialParts` and `credentialEntities: readonly EntityDefinition[]`.
 * - People: table `iam.users` of 0001_access.sql. First sign-in calls `select iam.ensure_user($id, $issuer, $subject, $email, $display_name)`,
 *   which answers the id of the row that has the pair (a pre-created one included); update the sign-in columns as the system.
 * - An API key acts for its owner: `Actor { kind: 'api_key', id: <owner's usr_… or sva_…>, credentialId: 'apk_…', projectId, allowList }`.
 *   What the owner may not do, the key may not do; when the owner loses access, so does the key.
 * - A service account's bindings name its `sva_…` id with principal type `service_account`, and are made like anybody's.
 *   Its row has organization_id, department_id, project_id. Deleting or disabling one calls `access.revokePrincipal`.
 * - GraphQL classes `Project` and `User` are in `schema/project-type.ts` and `schema/user-type.ts`; add fields by @FieldResolver there
 *   from your own resolver classes (`@Resolver(() => Project)`).
 * - `packet.json`: add your permissions and events to the lists.
 */
