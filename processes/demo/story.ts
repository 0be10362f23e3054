import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ActivateModelRouteDocument,
  AddSshKeyDocument,
  AllocationDocument,
  AllocationEventsDocument,
  AllocationPlanDocument,
  AllocationStoryDocument,
  AppInstanceDocument,
  AuditRecordsDocument,
  type AuditRecordsQuery,
  type AuditRecordsQueryVariables,
  BindRoleDocument,
  ControlPlane,
  ControlPlaneError,
  CreateAllocationDocument,
  CreateApiKeyDocument,
  CreateModelRouteDocument,
  CreateOrganizationDocument,
  CreateProjectDocument,
  CreateServiceAccountDocument,
  CreateServiceAccountKeyDocument,
  DecommissionAppDocument,
  EnableAppDocument,
  InviteMemberDocument,
  LaunchAppDocument,
  ModelsDocument,
  ProjectSpendDocument,
  ReleaseAllocationDocument,
  SetQuotaDocument,
  TopUpDocument,
  pages,
  serviceAccount,
  unwrap,
} from '../../codegen/sdk/src/index.js';

export interface StoryPlace {
  /** Origin of the gateway, such as `http://127.0.0.1:4000`. */
  readonly origin: string;
  /** Access token of a person of the development directory, by authorization code with PKCE. */
  readonly signIn: (subject: string) => Promise<string>;
}

export interface MachineAccount {
  readonly id: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The smallest thing that can be allocated. */
const SMALLEST = { sku: 'h200-sxm-slice', region: 'eu-north-1', gpuCount: 1 };

const ENDS_OF_LAUNCH: ReadonlySet<string> = new Set([
  'allocations.allocation.activated',
  'allocations.allocation.failed',
]);

/** The story of the platform, step by step, through the gateway only and with the SDK. The demonstration tells it, the journeys prove it. */
export class Story {
  readonly url: string;
  readonly tokenUrl: string;
  readonly #signIn: StoryPlace['signIn'];

  constructor({ origin, signIn }: StoryPlace) {
    this.url = `${origin}/graphql`;
    this.tokenUrl = `${origin}/oauth/token`;
    this.#signIn = signIn;
  }

  /** The platform as a person sees it, or (without a subject) as nobody. */
  async as(subject: string): Promise<ControlPlane> {
    return new ControlPlane({ url: this.url, token: await this.#signIn(subject) });
  }

  asMachine(account: Pick<MachineAccount, 'clientId' | 'clientSecret'>): ControlPlane {
    const { clientId, clientSecret } = account;
    return new ControlPlane({
      url: this.url,
      token: serviceAccount({ tokenUrl: this.tokenUrl, clientId, clientSecret }),
    });
  }

  /** 1. An organization with two projects, a member by OIDC subject, quotas and money. */
  async onboard(
    operator: ControlPlane,
    options: { name: string; memberSubject: string; deposit: string | null },
  ): Promise<{
    organizationId: string;
    projectId: string;
    otherProjectId: string;
    memberId: string;
  }> {
    const { name, memberSubject, deposit } = options;
    const created = unwrap(
      (
        await operator.request(CreateOrganizationDocument, {
          input: { name, idempotencyKey: `create ${name}`.replaceAll(' ', '-') },
        })
      ).organizationCreate,
    );
    const organizationId = present(created.organization).id;
    const project = async (projectName: string): Promise<string> =>
      present(
        unwrap(
          (await operator.request(CreateProjectDocument, { input: { organizationId, name: projectName } }))
            .projectCreate,
        ).project,
      ).id;
    const projectId = await project('Training');
    const otherProjectId = await project('Elsewhere');
    const invited = unwrap(
      (
        await operator.request(InviteMemberDocument, {
          input: { scopeId: projectId, subject: memberSubject, roles: ['project_admin'] },
        })
      ).memberInvite,
    );
    for (const [scopeId, limit] of [
      [organizationId, '8'],
      [projectId, '4'],
    ] as const) {
      unwrap((await operator.request(SetQuotaDocument, { input: { scopeId, dimension: 'gpus', limit } })).quotaSet);
    }
    if (deposit !== null)
      unwrap(
        (
          await operator.request(TopUpDocument, {
            input: { organizationId, amount: deposit, idempotencyKey: `deposit-${organizationId}` },
          })
        ).creditTopUp,
      );
    return { organizationId, projectId, otherProjectId, memberId: present(invited.user).id };
  }

  /** Waits until somebody who was just let into a project may allocate there: each process hears of a grant within two seconds. */
  async untilSeen(client: ControlPlane, projectId: string): Promise<void> {
    const input = { projectId, ...SMALLEST };
    await answered('the grant did not take effect', 20, async () => {
      const { project } = await client.request(ProjectSpendDocument, { id: projectId });
      if (project === null) return null;
      const refusal = await client.request(AllocationPlanDocument, { input }).then(
        () => null,
        (error: unknown) => error,
      );
      return refusal instanceof ControlPlaneError && refusal.code === 'NOT_FOUND' ? null : project;
    });
  }

  /** 2. A service account of the project with one role; its secret is shown once. */
  async machine(
    member: ControlPlane,
    options: { projectId: string; slug: string; role: string; allowList: string[] },
  ): Promise<MachineAccount> {
    const { projectId, slug, role, allowList } = options;
    const made = unwrap(
      (await member.request(CreateServiceAccountDocument, { input: { projectId, name: slug, slug, allowList } }))
        .serviceAccountCreate,
    );
    const id = present(made.serviceAccount).id;
    unwrap(
      (await member.request(BindRoleDocument, { input: { scopeId: projectId, principalId: id, role } }))
        .roleBindingCreate,
    );
    const key = unwrap(
      (await member.request(CreateServiceAccountKeyDocument, { input: { serviceAccountId: id, name: 'story' } }))
        .serviceAccountKeyCreate,
    );
    return { id, clientId: present(key.key).id, clientSecret: present(key.secret) };
  }

  async sshKey(member: ControlPlane, serviceAccountId: string): Promise<string> {
    const publicKey = openSshEd25519(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '');
    const added = unwrap(
      (await member.request(AddSshKeyDocument, { input: { publicKey, name: 'story', serviceAccountId } })).sshKeyAdd,
    );
    return present(added.sshKey).id;
  }

  /** 3. Two GPUs of a slice SKU; the stream was opened before and shows each state, followed into other subgraphs. */
  async allocate(
    machine: ControlPlane,
    options: { projectId: string; gpuCount: number; sshKeyIds?: string[]; idempotencyKey?: string },
    onEvent: (event: { type: string; cursor: string; state: string | null }) => void = () => {},
  ): Promise<{ allocationId: string; states: string[]; lastCursor: string }> {
    const { projectId } = options;
    await this.untilSeen(machine, projectId);
    const leaving = new AbortController();
    const opened = Promise.withResolvers<void>();
    const events = machine.stream(
      AllocationEventsDocument,
      { projectId },
      { signal: leaving.signal, onOpen: opened.resolve },
    );
    const first = events.next();
    await opened.promise;
    const created = unwrap(
      (
        await machine.request(CreateAllocationDocument, {
          input: { ...SMALLEST, ...options },
        })
      ).allocationCreate,
    );
    const allocationId = present(created.allocation).id;
    const states: string[] = [];
    let lastCursor = '';
    for (let next = await first; next.done !== true; next = await events.next()) {
      const { type, cursor, subject, data } = next.value;
      if (subject?.id !== allocationId) continue;
      // What the event says: its subject may be further by now.
      const to = typeof data['to'] === 'string' ? data['to'] : subject.state;
      states.push(type);
      lastCursor = cursor;
      onEvent({ type, cursor, state: to });
      if (ENDS_OF_LAUNCH.has(type)) break;
    }
    leaving.abort();
    await events.return().catch(() => {});
    return { allocationId, states, lastCursor };
  }

  /** 5. An app on the allocation; a worker (started elsewhere) carries it out. */
  async launch(
    member: ControlPlane,
    options: { projectId: string; allocationId: string; appSlug: string; name: string },
  ): Promise<string> {
    const { projectId, appSlug } = options;
    unwrap((await member.request(EnableAppDocument, { input: { projectId, appSlug } })).appEnable);
    const launched = unwrap(
      (
        await member.request(LaunchAppDocument, {
          input: { ...options, idempotencyKey: `launch-${options.allocationId}` },
        })
      ).appInstanceLaunch,
    );
    return present(launched.appInstance).id;
  }

  async instance(member: ControlPlane, id: string): Promise<NonNullable<Awaited<ReturnType<typeof fetchInstance>>>> {
    return present(await fetchInstance(member, id));
  }

  /** 6. A route by which clients name a model, and an API key. */
  async serveModel(
    member: ControlPlane,
    options: { projectId: string; name: string; modelSlug: string },
  ): Promise<{ routeId: string; apiKey: string; apiKeyId: string }> {
    const models = await Array.fromAsync(
      pages(async (after) => (await member.request(ModelsDocument, { first: 50, after })).models),
    );
    const model = models.find((candidate) => candidate.slug === options.modelSlug);
    const input = { projectId: options.projectId, name: options.name, targets: [{ modelId: present(model).id }] };
    const route = unwrap((await member.request(CreateModelRouteDocument, { input })).modelRouteCreate);
    const routeId = present(route.modelRoute).id;
    unwrap((await member.request(ActivateModelRouteDocument, { input: { id: routeId } })).modelRouteActivate);
    const key = unwrap(
      (await member.request(CreateApiKeyDocument, { input: { projectId: options.projectId, name: options.name } }))
        .apiKeyCreate,
    );
    return { routeId, apiKey: present(key.secret), apiKeyId: present(key.apiKey).id };
  }

  /** 8. Everything is given back; answers once capacity has returned after proof of cleanup. */
  async release(machine: ControlPlane, allocationId: string): Promise<string> {
    unwrap(
      (await machine.request(ReleaseAllocationDocument, { input: { id: allocationId, reason: 'the story ends' } }))
        .allocationRelease,
    );
    return answered('the allocation was not released', 20, async () => {
      const { allocation } = await machine.request(AllocationDocument, { id: allocationId });
      return allocation?.state === 'RELEASED' || allocation?.state === 'RELEASE_FAILED' ? allocation.state : null;
    });
  }

  async decommission(member: ControlPlane, id: string): Promise<void> {
    unwrap(
      (await member.request(DecommissionAppDocument, { input: { id, reason: 'the story ends' } }))
        .appInstanceDecommission,
    );
  }

  /** The newest records of the audit log, once it has these actions: a record gets its place a moment after its command. */
  async audited(
    operator: ControlPlane,
    filter: AuditFilter,
    actions: readonly string[],
  ): Promise<AuditRecordsQuery['auditRecords']['nodes']> {
    return answered(`the audit log does not tell of ${actions.join(' and ')}`, 20, async () => {
      const { nodes } = (await operator.request(AuditRecordsDocument, { ...filter, first: 100 })).auditRecords;
      const told = new Set(nodes.map((record) => record.action));
      return actions.every((action) => told.has(action)) ? nodes : null;
    });
  }

  /** One query from the allocation to everything that is known of it. */
  async tellAll(member: ControlPlane, id: string): Promise<NonNullable<Awaited<ReturnType<typeof fetchStory>>>> {
    return present(await fetchStory(member, id));
  }
}

type AuditFilter = Omit<AuditRecordsQueryVariables, 'first' | 'after'>;

/** Asks every tenth of a second until there is an answer; throws what went wrong after so many seconds without one. */
async function answered<Value>(wrong: string, seconds: number, ask: () => Promise<Value | null>): Promise<Value> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const value = await ask();
    if (value !== null) return value;
    if (performance.now() > deadline) throw new Error(wrong);
    await sleep(100);
  }
}

async function fetchStory(client: ControlPlane, id: string) {
  return (await client.request(AllocationStoryDocument, { id })).allocation;
}

async function fetchInstance(client: ControlPlane, id: string) {
  return (await client.request(AppInstanceDocument, { id })).appInstance;
}

/** Something that must be there: its absence is a bug of the platform, not a case of the story. */
export function present<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('the platform answered nothing where something must be');
  return value;
}

/** An Ed25519 public key in the form of `authorized_keys` (RFC 4253, section 6.6; RFC 8709). */
function openSshEd25519(x: string): string {
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const blob = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(Buffer.from(x, 'base64url'))]);
  return `ssh-ed25519 ${blob.toString('base64')} story@example`;
}
