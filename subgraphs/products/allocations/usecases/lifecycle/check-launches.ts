import type { GroupMember } from '../../../../../kernel/commands/command.js';
import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { type Outcome, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import { newId } from '../../../../../kernel/identifiers/type-id.js';
import type { ProjectPlace } from '../../../../platform/iam/index.js';
import { unitsOf } from '../../domain/sku.js';
import type { AllocationServices } from '../../services.js';
import type { AllocationDraft } from '../../store/allocation-insert.js';
import type { PlacementRequest } from '../../store/placement-store.js';
import type { allocationCreateInput } from '../create-allocation.js';
import { CONCURRENCY_POLICY, checkPolicies } from './check-policy.js';
import { RequestBook, type RequestFacts } from './check-request.js';
import { priceTerms } from './hold.js';
import { resolveSshKeys } from './resolve-ssh-keys.js';
import type { Sieve } from './sieve.js';

/** A launch that is allowed, and asks for what is offered. */
export interface Allowed extends Asked {
  readonly facts: RequestFacts;
  readonly policySnapshot: AllocationDraft['policySnapshot'];
  readonly request: PlacementRequest;
}

/** With keys and a price, everything is known that is frozen with an allocation. */
export interface Priced extends Allowed {
  readonly draft: AllocationDraft;
}

interface Asked {
  readonly index: number;
  readonly member: GroupMember<typeof allocationCreateInput>;
  readonly project: ProjectPlace;
}

/** Checks projects, catalogue and policies, reading each for all at once; writes nothing. */
export async function checkTogether(
  tx: Transaction,
  services: AllocationServices,
  { sieve, members }: { sieve: Sieve<{ id: string }>; members: readonly GroupMember<typeof allocationCreateInput>[] },
): Promise<Allowed[]> {
  const places = await Promise.all(members.map(({ input }) => activeProject(services, input.projectId)));
  const asked: Asked[] = sieve
    .gain(
      members.map((member, index) => ({ member, index })),
      places,
    )
    .map(({ item, value }) => ({ ...item, project: value }));
  if (asked.length === 0) return [];
  const requests = asked.map(({ member: { input, context }, project }) => ({
    ...input,
    requesterId: context.actor.id,
    organizationId: project.organizationId,
  }));
  const [book, policies] = await Promise.all([
    RequestBook.read(tx, requests),
    services.iam.policies.valuesAt(
      tx,
      CONCURRENCY_POLICY,
      asked.map(({ project }) => project.scope),
    ),
  ]);
  const questions = asked.flatMap((one, at) => {
    const [request, policy] = [requests[at], policies[at]];
    return request === undefined || policy === undefined ? [] : [{ ...one, request, policy, live: book.live[at] ?? 0 }];
  });
  const offered = sieve
    .gain(
      questions,
      questions.map(({ member }) => book.check(member.input)),
    )
    .map(({ item, value }) => ({ ...item, facts: value }));
  const snapshots = await checkPolicies(
    tx,
    offered.map(({ request: { requesterId, organizationId }, policy, live }) => ({
      requesterId,
      organizationId,
      policy,
      live,
    })),
  );
  return sieve.gain(offered, snapshots).map(({ item: { index, member, project, facts }, value: policySnapshot }) => {
    const { sku, skuId, regionId, image } = facts;
    const request = { skuId, regionId, units: unitsOf(sku, member.input.gpuCount), image };
    return { index, member, project, facts, policySnapshot, request };
  });
}

async function activeProject(services: AllocationServices, projectId: string): Promise<Outcome<ProjectPlace>> {
  const project = await services.iam.directory.project(projectId);
  if (project?.isActive === true) return accept(project);
  return refuse('INVALID_STATE', 'The project is archived: nothing new may start in it.', {
    field: ['input', 'projectId'],
  });
}

/** Looks up keys and prices, each for all at once; writes nothing. */
export async function priceTogether(
  tx: Transaction,
  services: AllocationServices,
  { sieve, allowed }: { sieve: Sieve<{ id: string }>; allowed: readonly Allowed[] },
): Promise<Priced[]> {
  if (allowed.length === 0) return [];
  const [keys, terms] = await Promise.all([
    resolveSshKeys(
      tx,
      services,
      allowed.map(({ member: { context, input }, project }) => ({
        actor: context.actor,
        project,
        sshKeyIds: input.sshKeyIds,
      })),
    ),
    priceTerms(
      tx,
      services,
      allowed.map(({ project, facts }) => ({ organizationId: project.organizationId, sku: facts.sku })),
    ),
  ]);
  const known = allowed.map((launch, at): Outcome<Pick<AllocationDraft, 'sshPublicKeys' | 'terms'>> => {
    const [own, price] = [keys[at], terms[at]];
    if (own === undefined || price === undefined) throw new Error(`no key or price was looked up for ${launch.index}`);
    if (!own.ok) return own;
    return price.ok ? accept({ sshPublicKeys: own.value, terms: price.value }) : price;
  });
  return sieve.gain(allowed, known).map(({ item, value }) => ({ ...item, draft: draftOf(item, value) }));
}

function draftOf(
  { member, project, facts, policySnapshot }: Allowed,
  known: Pick<AllocationDraft, 'sshPublicKeys' | 'terms'>,
): AllocationDraft {
  const { input, context } = member;
  const { sku, skuId, regionId, image } = facts;
  return {
    id: newId('alc'),
    project,
    requestedBy: context.actor.id,
    skuId,
    sku,
    regionId,
    gpuCount: input.gpuCount,
    image,
    sshKeyIds: input.sshKeyIds,
    policySnapshot,
    correlationId: context.correlationId,
    ...known,
  };
}
