import type { Actor } from '../../../../../kernel/access/actor.js';
import type { Transaction } from '../../../../../kernel/database/transaction.js';
import { type Outcome, accept, refuse } from '../../../../../kernel/errors/refusal.js';
import type { ProjectPlace } from '../../../../platform/iam/index.js';
import type { AllocationServices } from '../../services.js';

export interface KeyQuestion {
  readonly actor: Actor;
  readonly project: ProjectPlace;
  readonly sshKeyIds: readonly string[];
}

/**
 * Public keys for runtimes, one list for each question. A key may be used by its owner, and by others only where its
 * owner may see allocations of this project too: nobody brings in an outsider's key.
 */
export async function resolveSshKeys(
  tx: Transaction,
  services: AllocationServices,
  questions: readonly KeyQuestion[],
): Promise<Outcome<string[]>[]> {
  const ids = [...new Set(questions.flatMap(({ sshKeyIds }) => sshKeyIds))];
  if (ids.length === 0) return questions.map(() => accept([]));
  const keys = new Map((await services.iam.directory.sshPublicKeys(tx, ids)).map((key) => [key.id, key]));
  return Promise.all(questions.map((question) => resolve(services, question, keys)));
}

type Key = Awaited<ReturnType<AllocationServices['iam']['directory']['sshPublicKeys']>>[number];

async function resolve(
  services: AllocationServices,
  question: KeyQuestion,
  keys: ReadonlyMap<string, Key>,
): Promise<Outcome<string[]>> {
  const texts: string[] = [];
  for (const [index, id] of question.sshKeyIds.entries()) {
    const key = keys.get(id);
    if (key === undefined || !(await mayUse(services, question, key))) {
      return refuse('NOT_FOUND', `There is no SSH key ${id} that may be used in this project.`, {
        field: ['input', 'sshKeyIds', String(index)],
      });
    }
    texts.push(key.publicKey);
  }
  return accept(texts);
}

async function mayUse(
  services: AllocationServices,
  { actor, project }: KeyQuestion,
  { ownerId, organizationId }: Key,
): Promise<boolean> {
  if (organizationId !== null && organizationId !== project.organizationId) return false;
  if (ownerId === actor.id || ownerId === project.projectId) return true;
  // A question about the owner, not an act of theirs: nothing is done in their name.
  const owner: Actor = {
    kind: 'human',
    id: ownerId,
    displayName: ownerId,
    organizationIds: [project.organizationId],
    assurance: 0,
  };
  const decision = await services.pipeline.authority.decide(owner, 'allocations.allocation.read', project.scope);
  return decision.isAllowed;
}
