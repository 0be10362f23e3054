import { type AccessFacts, type BindingFact, EVERYONE } from './access-facts.js';
import { AccessSnapshot } from './access-snapshot.js';

export interface PrincipalChange {
  readonly principalId: string;
  readonly gains: readonly { readonly permission: string; readonly scopeIds: readonly string[] }[];
  readonly losses: readonly { readonly permission: string; readonly scopeIds: readonly string[] }[];
}

export interface AccessPreview {
  readonly changes: readonly PrincipalChange[];
  /** True when there was more to look at than the bounds allow: the answer is right as far as it goes. */
  readonly isTruncated: boolean;
}

const PRINCIPALS_MAX = 50;
const SCOPES_MAX = 50;

/** What would change if a binding were added, or one of these taken away. The same engine decides both worlds. */
export function previewChange(question: {
  platform: AccessSnapshot;
  organization: AccessSnapshot;
  add: BindingFact | null;
  removeId: string | null;
  now: number;
}): AccessPreview {
  const { organization, add, removeId } = question;
  const removed = organization.facts.bindings.find((binding) => binding.id === removeId) ?? null;
  const bindings = organization.facts.bindings.filter((binding) => binding.id !== removeId);
  const after: AccessFacts = { ...organization.facts, bindings: add === null ? bindings : [...bindings, add] };
  const touched = [add, removed].filter((binding) => binding !== null);
  const principals = [...new Set(touched.flatMap((binding) => actorsOf(organization.facts, binding.principalId)))];
  const scopes = [...new Set(touched.flatMap((binding) => below(organization, binding.scopeId)))];
  const next = new AccessSnapshot(after, organization.catalogue);
  const changes = principals
    .slice(0, PRINCIPALS_MAX)
    .map((principalId) => compare({ ...question, next, principalId, scopes: scopes.slice(0, SCOPES_MAX) }));
  return {
    changes: changes.filter(({ gains, losses }) => gains.length + losses.length > 0),
    isTruncated: principals.length > PRINCIPALS_MAX || scopes.length > SCOPES_MAX,
  };
}

/** Who can act through a principal: itself, or everybody inside a group; for a guardrail, whoever holds anything. */
function actorsOf(facts: AccessFacts, principalId: string): string[] {
  const starts = principalId === EVERYONE ? facts.bindings.map((binding) => binding.principalId) : [principalId];
  const seen = new Set(starts);
  const queue = [...seen];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const { groupId, memberId } of facts.groupMembers) {
      if (groupId !== next || seen.has(memberId)) continue;
      seen.add(memberId);
      queue.push(memberId);
    }
  }
  return [...seen].filter((id) => id !== EVERYONE && !id.startsWith('grp_'));
}

function below(organization: AccessSnapshot, scopeId: string): string[] {
  return organization.facts.scopes
    .filter((scope) => organization.chainOf(scope.id).some(({ id }) => id === scopeId))
    .map((scope) => scope.id);
}

function compare(question: {
  platform: AccessSnapshot;
  organization: AccessSnapshot;
  next: AccessSnapshot;
  principalId: string;
  scopes: readonly string[];
  now: number;
}): PrincipalChange {
  const { platform, organization, next, principalId, now } = question;
  const above = platform.grantsOf(principalId);
  const gains = new Map<string, string[]>();
  const losses = new Map<string, string[]>();
  const { names } = organization.catalogue.index;
  for (const scopeId of question.scopes) {
    const scope = organization.scopeNumber(scopeId);
    for (const [number, permission] of names.entries()) {
      const outer = platform.standing(above, number, 0, now);
      const isHeld = (snapshot: AccessSnapshot): boolean => {
        const inner = snapshot.standing(snapshot.grantsOf(principalId), number, scope, now);
        return (
          (outer.isAllowed || inner.isAllowed) &&
          !outer.isDenied &&
          !inner.isDenied &&
          !outer.isBounded &&
          !inner.isBounded
        );
      };
      const [before, then] = [isHeld(organization), isHeld(next)];
      if (before === then) continue;
      const target = then ? gains : losses;
      target.set(permission, [...(target.get(permission) ?? []), scopeId]);
    }
  }
  const list = (map: ReadonlyMap<string, string[]>) =>
    [...map].map(([permission, scopeIds]) => ({ permission, scopeIds }));
  return { principalId, gains: list(gains), losses: list(losses) };
}
