import type { Actor } from '../../kernel/access/actor.js';
import type { SeededCapacity } from '../../subgraphs/products/allocations/index.js';
import type { Runtime } from '../runtime.js';
import { idOf, runCommand } from '../system-commands.js';
import type { DevelopmentState } from './development-state.js';
import { MEMBER, OWNER } from './people.js';
import { seedReferenceData } from './reference-data.js';

/** What a newcomer finds: an organization with two projects, people who may work in it, and credentials that are ready. */
export interface Demonstration {
  readonly organizationId: string;
  readonly projectIds: readonly [research: string, serving: string];
  /** Works on the OpenAI-compatible endpoint at once. */
  readonly apiKey: string;
  /** Acts for the app worker. */
  readonly serviceAccount: { readonly clientId: string; readonly clientSecret: string };
  /** What starts the simulated fleet. */
  readonly capacity: SeededCapacity;
}

const PROJECTS = ['Research', 'Serving'] as const;
/** What the demonstration organization may hold at once. */
const QUOTAS = [
  ['gpus', 16n],
  ['allocations', 50n],
] as const;
const DEPOSIT = '1000.00';
/** What clients of the OpenAI-compatible endpoint name as `model`. */
export const DEMONSTRATION_MODEL = 'assistant';

/** Seeds what is missing; a second start finds everything and changes nothing. */
export async function seedDemonstration(runtime: Runtime, state: DevelopmentState): Promise<Demonstration> {
  const capacity = await seedReferenceData(runtime);
  const seed = new Seeding(runtime, state);
  const organizationId = await seed.organization();
  const [research, serving] = [
    await seed.project(organizationId, PROJECTS[0]),
    await seed.project(organizationId, PROJECTS[1]),
  ];
  const memberId = await seed.people(organizationId, research, serving);
  await seed.money(organizationId);
  const serviceAccount = await seed.serviceAccount(research);
  await seed.route(serving, capacity.modelIds['echo-small'] ?? '');
  const apiKey = await seed.apiKey(organizationId, serving, memberId);
  return { organizationId, projectIds: [research, serving], apiKey, serviceAccount, capacity };
}

/** Steps that remember what they made: each runs once, also when a start was interrupted between two of them. */
class Seeding {
  readonly #runtime: Runtime;
  readonly #state: DevelopmentState;

  constructor(runtime: Runtime, state: DevelopmentState) {
    this.#runtime = runtime;
    this.#state = state;
  }

  async #once(name: string, make: () => Promise<string>): Promise<string> {
    const known = this.#state.secret(name);
    if (known !== undefined) return known;
    const made = await make();
    await this.#state.keepSecret(name, made);
    return made;
  }

  async #command(action: string, input: Record<string, unknown>): Promise<string> {
    return idOf(await runCommand(this.#runtime, action, input));
  }

  organization(): Promise<string> {
    return this.#once('organizationId', () =>
      this.#command('iam.organization.create', {
        name: 'Demonstration',
        slug: 'demonstration',
        type: 'enterprise',
        idempotencyKey: 'demonstration',
      }),
    );
  }

  project(organizationId: string, name: string): Promise<string> {
    return this.#once(`project${name}`, () =>
      this.#command('iam.project.create', { organizationId, name, idempotencyKey: `demonstration-${name}` }),
    );
  }

  async people(organizationId: string, research: string, serving: string): Promise<string> {
    const issuer = this.#runtime.configuration.oidc.issuer ?? undefined;
    const invite = async (
      scopeId: string,
      person: { subject: string; name: string },
      roles: string[],
    ): Promise<string> =>
      idOf(
        await runCommand(this.#runtime, 'iam.member.invite', {
          scopeId,
          issuer,
          subject: person.subject,
          displayName: person.name,
          roles,
        }),
        'userId',
      );
    await this.#once('ownerInvited', () => invite(organizationId, OWNER, ['organization_owner']));
    await this.#once('memberInvitedServing', () => invite(serving, MEMBER, ['project_admin']));
    return this.#once('memberInvited', () => invite(research, MEMBER, ['project_admin']));
  }

  async money(organizationId: string): Promise<void> {
    for (const [dimension, limit] of QUOTAS) {
      await this.#once(`quota-${dimension}`, () =>
        this.#command('iam.quota.set', { scopeId: organizationId, dimension, limit }),
      );
    }
    await this.#once('deposit', async () => {
      await runCommand(this.#runtime, 'billing.account.top_up', {
        organizationId,
        amount: DEPOSIT,
        idempotencyKey: 'demonstration-deposit',
      });
      return DEPOSIT;
    });
  }

  /** For the app worker, which uses nothing but the public API. */
  async serviceAccount(projectId: string): Promise<{ clientId: string; clientSecret: string }> {
    const accountId = await this.#once('workerAccountId', async () => {
      const id = await this.#command('iam.service_account.create', {
        projectId,
        name: 'App worker',
        slug: 'app-worker',
        allowList: ['apps.*'],
        idempotencyKey: 'demonstration-worker',
      });
      await runCommand(this.#runtime, 'iam.role_binding.create', {
        scopeId: projectId,
        principalId: id,
        role: 'app_worker',
      });
      return id;
    });
    // A secret is revealed once: an interrupted start makes another key rather than lose the only one.
    const clientId = this.#state.secret('workerClientId');
    const clientSecret = this.#state.secret('workerClientSecret');
    if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret };
    const made = await runCommand(this.#runtime, 'iam.service_account_key.create', {
      serviceAccountId: accountId,
      name: 'demonstration',
    });
    await this.#state.keepSecret('workerClientSecret', made.reveal ?? '');
    await this.#state.keepSecret('workerClientId', idOf(made));
    return { clientId: idOf(made), clientSecret: made.reveal ?? '' };
  }

  /** The name by which the API key's owner calls a model: without a route, the key opens nothing. */
  async route(projectId: string, modelId: string): Promise<void> {
    const id = await this.#once('routeId', () =>
      this.#command('token_factory.route.create', {
        projectId,
        name: DEMONSTRATION_MODEL,
        targets: [{ modelId }],
        idempotencyKey: 'demonstration-route',
      }),
    );
    await this.#once('routeActivated', () => this.#command('token_factory.route.activate', { id }));
  }

  apiKey(organizationId: string, projectId: string, memberId: string): Promise<string> {
    const member: Actor = {
      kind: 'human',
      id: memberId,
      displayName: MEMBER.name,
      organizationIds: [organizationId],
      assurance: 1,
    };
    return this.#once('apiKey', async () => {
      const made = await runCommand(this.#runtime, 'iam.api_key.create', { projectId, name: 'Demonstration' }, member);
      return made.reveal ?? '';
    });
  }
}
