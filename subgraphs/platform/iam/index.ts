import type { Configuration } from '../../../kernel/configuration/configuration.js';
import { migrationsOf } from '../../../kernel/kernel.js';
import type { DomainDefinition } from '../../../kernel/subgraph.js';
import { credentialEntities } from './credentials.js';
import { GroupEntity, PolicyValueEntity, RoleBindingEntity, RoleEntity } from './store/entities/access-entities.js';
import { DepartmentEntity, OrganizationEntity, ProjectEntity } from './store/entities/hierarchy-entities.js';
import { type IamDomain, type IamOptions, composeIam } from './subgraph.js';

export const iamDefinition: DomainDefinition = {
  name: 'iam',
  migrations: migrationsOf('iam', 'subgraphs', 'platform', 'iam'),
  entities: [
    OrganizationEntity,
    DepartmentEntity,
    ProjectEntity,
    GroupEntity,
    RoleEntity,
    RoleBindingEntity,
    PolicyValueEntity,
    ...credentialEntities,
  ],
};

/** `configuration` is the kernel's; naming it again is allowed and changes nothing. */
export function createIam(options: IamOptions & { readonly configuration?: Configuration }): IamDomain {
  return composeIam(options);
}

export type {
  CredentialRevocation,
  Credentials,
  Directory,
  Iam,
  Policies,
  PolicyInForce,
  ProjectPlace,
  QuotaHoldRequest,
  QuotaHoldsRequest,
  Quotas,
  RequestOrigin,
  Secrets,
} from './contract.js';
export type { IamDomain } from './subgraph.js';
export type { AccessCommands } from './usecases/access-commands.js';
