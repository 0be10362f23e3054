import type { Actor } from '../../../kernel/access/actor.js';
import type { Scope } from '../../../kernel/access/authority.js';
import type { AccessFacts, BindingFact } from '../../../subgraphs/platform/iam/domain/access/access-facts.js';
import { builtInRole } from '../../../subgraphs/platform/iam/domain/access/built-in-roles.js';
import { hasNumber } from '../../../subgraphs/platform/iam/domain/access/permission-set.js';
import { RoleCatalogue } from '../../../subgraphs/platform/iam/domain/access/role-catalogue.js';
import { loadAccessFacts } from '../../../subgraphs/platform/iam/store/access/load-access-facts.js';
import { randomNumbers } from '../../../gateway/testing/random-operation.js';
import { type BenchPlatform, openBenchPlatform } from '../harness/bench-platform.js';
import type { Benchmark, BenchmarkEnvironment, Line } from '../harness/benchmark.js';
import { percentile, rounded } from '../harness/statistics.js';
import { type Contender, ratioOf, standingOf, takeTurns } from '../harness/take-turns.js';

const BINDINGS = 100_000;
const PEOPLE = 20_000;
const GROUPS = 1_000;
const PROJECTS = 5_000;
const QUESTIONS = 10_000;
const PERMISSION = 'allocations.allocation.create';
/** Decisions between two looks at the clock, and two turns of the event loop. */
const BATCH = 200;
const OURS = 'authority';
const NAIVE = 'naive evaluator';

interface Question {
  readonly actor: Actor;
  readonly scope: Scope;
}

/** One organization with 100,000 bindings of people and groups on its projects, some of them denials. */
async function seedBindings({ bare, command }: BenchPlatform): Promise<string> {
  const { id: organization = '' } = await command('iam.organization.create', {
    name: 'Large',
    slug: 'large',
    type: 'enterprise',
  });
  const roles = ['project_member', 'project_viewer', 'project_admin'].map((name) => builtInRole(name)?.id);
  await bare.query(
    `insert into iam.projects (id, organization_id, department_id, name, slug, state, state_changed_at, created_at, created_by)
       select 'prj_' || n, $1, (select id from iam.departments where organization_id = $1), 'p' || n, 'p' || n, 'active', now(), now(), 'bench'
       from generate_series(0, ${PROJECTS - 1}) as n`,
    [organization],
  );
  await bare.query(
    `insert into iam.groups (id, organization_id, name, created_at)
       select 'grp_' || n, $1, 'g' || n, now() from generate_series(0, ${GROUPS - 1}) as n`,
    [organization],
  );
  await bare.query(
    `insert into iam.group_members (organization_id, group_id, member_type, member_id, created_at, created_by)
       select $1, 'grp_' || n % ${GROUPS}, 'human', 'usr_' || n, now(), 'bench' from generate_series(0, ${PEOPLE - 1}) as n`,
    [organization],
  );
  await bare.query(
    `insert into iam.role_bindings (id, organization_id, scope_level, scope_id, principal_type, principal_id, role_id, effect, created_at, created_by)
       select 'rbd_' || n, $1, 'project', 'prj_' || (n / 1000 * 37 + n % 1000 * 13) % ${PROJECTS},
         case when n % 5 = 0 then 'group' else 'human' end,
         case when n % 5 = 0 then 'grp_' || n % ${GROUPS} else 'usr_' || n % ${PEOPLE} end,
         ($2::text[])[1 + n % 3], case when n % 100 = 1 then 'deny' else 'allow' end, now(), 'bench'
       from generate_series(0, ${BINDINGS - 1}) as n`,
    [organization, roles],
  );
  await bare.query('update iam.access_revisions set revision = revision + 1 where scope_id = $1', [organization]);
  return organization;
}

function questionsOf(facts: AccessFacts, organizationId: string): Question[] {
  const random = randomNumbers(7);
  return Array.from({ length: QUESTIONS }, () => {
    // Half of them are about a place where the person, or a group, has something.
    const binding = facts.bindings[Math.floor(random() * facts.bindings.length)];
    const isKnown = random() < 0.5 && binding?.principalId.startsWith('usr_') === true;
    const id = isKnown ? (binding?.principalId ?? '') : `usr_${Math.floor(random() * PEOPLE)}`;
    const projectId = isKnown ? (binding?.scopeId ?? '') : `prj_${Math.floor(random() * PROJECTS)}`;
    return {
      actor: { kind: 'human', id, displayName: id, organizationIds: [organizationId], assurance: 2 },
      scope: { level: 'project', id: projectId, organizationId },
    };
  });
}

/** What one would write first: looks through all bindings, for each question. The same rules, without an index. */
function naiveEvaluator(facts: AccessFacts, catalogue: RoleCatalogue): (question: Question) => boolean {
  const number = catalogue.index.numberOf(PERMISSION);
  const parents = new Map(facts.scopes.map((scope) => [scope.id, scope.parentId]));
  const holds = (binding: BindingFact): boolean =>
    hasNumber(catalogue.builtInBits(binding.roleId) ?? catalogue.index.none(), number);
  return ({ actor, scope }) => {
    const chain = new Set<string>();
    for (let at: string | null = scope.id; at !== null; at = parents.get(at) ?? null) chain.add(at);
    const principals = new Set([actor.id]);
    for (const { groupId, memberId } of facts.groupMembers) if (memberId === actor.id) principals.add(groupId);
    const found = facts.bindings.filter(
      (binding) => chain.has(binding.scopeId) && principals.has(binding.principalId) && holds(binding),
    );
    return found.some(({ effect }) => effect === 'allow') && !found.some(({ effect }) => effect === 'deny');
  };
}

async function run(environment: BenchmarkEnvironment): Promise<readonly Line[]> {
  const platform = await openBenchPlatform(environment, 4);
  try {
    const organizationId = await seedBindings(platform);
    const { authority } = platform.domains.iam;
    const facts = await loadAccessFacts(platform.bare, organizationId);
    if (facts === null) throw new Error('the organization has no access data');
    const questions = questionsOf(facts, organizationId);
    const naive = naiveEvaluator(facts, new RoleCatalogue(platform.domains.registry.permissions()));
    const ask = async (index: number): Promise<boolean> => {
      const { actor, scope } = questions[index % QUESTIONS] as Question;
      return (await authority.decide(actor, PERMISSION, scope)).isAllowed;
    };
    const allowed = await agree(questions.slice(0, 500), ask, naive);
    const standings = await environment.profiled('access-decision', () =>
      takeTurns(environment, contenders(questions, ask, naive), 1),
    );
    const [ours, floor] = [standingOf(standings, OURS), standingOf(standings, NAIVE)];
    const microseconds = 1e6 / ours.rate / BATCH;
    return [
      {
        what: `decision at ${facts.bindings.length} bindings`,
        value: rounded(microseconds),
        unit: 'µs',
        against: { name: NAIVE, value: rounded(1e6 / floor.rate) },
        ratio: rounded(1 / (ratioOf(ours, floor) * BATCH)),
        target: '< 20 µs',
        details: { ...(await singleDecisions(ask)), allowed_share: rounded(allowed / 500) },
      },
    ];
  } finally {
    await platform.close();
  }
}

function contenders(
  questions: readonly Question[],
  ask: (index: number) => Promise<boolean>,
  naive: (question: Question) => boolean,
): Contender[] {
  let asked = 0;
  return [
    {
      name: OURS,
      async operation() {
        for (let count = 0; count < BATCH; count += 1) await ask(asked++);
        await new Promise(setImmediate);
      },
    },
    {
      name: NAIVE,
      async operation() {
        naive(questions[asked++ % QUESTIONS] as Question);
        await new Promise(setImmediate);
      },
    },
  ];
}

/** Speed is worth nothing when the answers differ. Answers how many were allowed. */
async function agree(
  questions: readonly Question[],
  ask: (index: number) => Promise<boolean>,
  naive: (question: Question) => boolean,
): Promise<number> {
  let allowed = 0;
  for (const [index, question] of questions.entries()) {
    const isAllowed = await ask(index);
    if (isAllowed !== naive(question)) throw new Error(`the evaluators differ about ${JSON.stringify(question)}`);
    allowed += isAllowed ? 1 : 0;
  }
  return allowed;
}

async function singleDecisions(ask: (index: number) => Promise<boolean>): Promise<Record<string, number>> {
  const times: number[] = [];
  for (let index = 0; index < 50_000; index += 1) {
    const start = performance.now();
    await ask(index);
    times.push((performance.now() - start) * 1000);
    if (index % BATCH === 0) await new Promise(setImmediate);
  }
  return { p50_µs: rounded(percentile(times, 0.5)), p99_µs: rounded(percentile(times, 0.99)) };
}

export const accessDecision: Benchmark = {
  name: 'access-decision',
  describe: `a decision of the platform's authority in process, one organization with ${BINDINGS} bindings, against a naive evaluator`,
  run,
};
