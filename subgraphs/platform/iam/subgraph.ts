import type { Kernel } from '../../../kernel/kernel.js';
import type { Audit } from '../evidence/index.js';
import type { Registry } from '../registry/index.js';
import { createAccessParts, defaultIssuer } from './access-parts.js';
import type { Iam } from './contract.js';
import { createCredentialParts } from './credentials.js';
import { reportAccessHealth } from './jobs/report-access-health.js';
import type { CredentialParts } from './credentials-parts.js';
import { seedFirstOperators } from './usecases/members/seed-first-operators.js';
import type { AccessCommands } from './usecases/access-commands.js';

export interface IamOptions {
  readonly kernel: Kernel;
  readonly registry: Registry;
  readonly evidence: { readonly audit: Audit };
}

/** What other domains receive, and the commands for seeding: run them as the system actor, through the pipeline. */
export interface IamDomain extends Iam {
  readonly commands: AccessCommands;
}

/** Puts the two halves together: access (who may do what) and credentials (who it is). */
export function composeIam({ kernel, registry, evidence }: IamOptions): IamDomain {
  const { audit } = evidence;
  // Access shows keys of people to products; credentials own them.
  let parts: CredentialParts | undefined;
  const access = createAccessParts({
    kernel,
    registry,
    audit,
    sshPublicKeys: async (tx, ids) => (parts === undefined ? [] : parts.sshPublicKeys(tx, ids)),
  });
  const credentials = createCredentialParts({ kernel, registry, audit, access: access.access });
  parts = credentials;
  return {
    subgraph: {
      name: 'iam',
      resolvers: [...access.subgraph.resolvers, ...credentials.resolvers],
      references: { ...access.subgraph.references, ...credentials.references },
      orphanedTypes: credentials.orphanedTypes ?? [],
      commands: [...access.subgraph.commands, ...credentials.commands],
      events: [...access.subgraph.events, ...credentials.events],
      jobs: [
        ...access.subgraph.jobs,
        ...credentials.jobs,
        reportAccessHealth({ database: kernel.database, authority: access.authority, registry }),
      ],
      consumers: [...access.subgraph.consumers, ...credentials.consumers],
      routes: credentials.routes,
      async start() {
        await access.start();
        await credentials.start();
        await seedFirstOperators(kernel, access.commands, defaultIssuer(kernel));
      },
      async stop() {
        await credentials.stop();
        await access.stop();
      },
    },
    authority: access.authority,
    directory: access.directory,
    quotas: access.quotas,
    policies: access.policies,
    secrets: credentials.secrets,
    credentials: credentials.credentials,
    commands: access.commands,
  };
}
