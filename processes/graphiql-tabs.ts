import type { GraphiqlTab } from '../gateway/index.js';
import { encodeCursor } from '../kernel/events/cursor.js';
import type { Audience } from '../kernel/federation/audience.js';

/** Before the first event: a stream from here tells all that is kept, then what comes. */
const FROM_THE_START = encodeCursor(0n);

/** What GraphiQL opens with; tabs of a project begin with this one, if there is one to show. */
export function graphiqlTabs({ projectId = 'prj_…' }: { projectId?: string } = {}): readonly GraphiqlTab[] {
  return [
    ...OPERATOR_TABS,
    ...INTEGRATOR_TABS.map((tab) =>
      tab.variables !== undefined && 'projectId' in tab.variables
        ? { ...tab, variables: { ...tab.variables, projectId } }
        : tab,
    ),
  ];
}

/** The tabs that a contract graph can run: the public one knows nothing of what operators ask for. */
export function tabsWithin(contract: Audience, tabs: readonly GraphiqlTab[]): readonly GraphiqlTab[] {
  const ofOperators = new Set(OPERATOR_TABS.map(({ name }) => name));
  return contract === 'public' ? tabs.filter(({ name }) => !ofOperators.has(name)) : tabs;
}

const OPERATOR_TABS: readonly GraphiqlTab[] = [
  {
    name: 'Operator: the platform now',
    query: `# Sign in as the operator in the bar on top, then run.
query PlatformNow {
  statusComponents(first: 50) {
    nodes { title health observedAt }
  }
  computeNodes(first: 20) {
    nodes {
      id name state scheduling health connectivity
      totalUnits freeUnits
      sku { name } region { name }
    }
  }
  organizations(first: 10) {
    nodes {
      id name
      billingAccount { state available { amount currency } }
    }
  }
  auditIntegrity { treeSize rootHash lagSeconds }
}`,
  },
  {
    name: 'Operator: who did what',
    query: `query WhoDidWhat {
  auditRecords(first: 20) {
    nodes {
      logIndex occurredAt action result reasonCode
      actorName targetType targetId correlationId
    }
  }
}`,
  },
  {
    name: 'Operator: machines, live',
    query: `# From the first event that is kept, then as it happens;
# the latest one is shown. Cordon a machine in another window.
subscription Machines($after: Cursor) {
  nodeEvents(after: $after) {
    cursor type occurredAt
    gap { from to }
    subject { name state scheduling health connectivity freeUnits }
  }
}`,
    variables: { after: FROM_THE_START },
  },
  {
    name: 'Operator: take a machine out of service',
    query: `# Its id is in the first tab. Then nodeUncordon puts it back.
mutation Cordon($id: ID!) {
  nodeCordon(input: { id: $id, reason: "trying it out" }) {
    node { name scheduling availableActions }
    userErrors { code message }
    receipt { auditId }
  }
}`,
    variables: { id: 'nod_…' },
  },
];

const INTEGRATOR_TABS: readonly GraphiqlTab[] = [
  {
    name: 'Integrator: what is mine',
    query: `# Sign in as the project member.
query MyProjects {
  me { displayName email }
  projects(first: 10) {
    nodes {
      id name
      quotas { dimension limit used remaining }
      spend { total { amount currency } }
      allocations(first: 5) { nodes { id state } }
    }
  }
  skus(first: 20, isActive: true) {
    nodes { name displayName allowedGpuCounts }
  }
}`,
  },
  {
    name: 'Integrator: allocate',
    query: `# One GPU in the project of the variables.
mutation Allocate($projectId: ID!) {
  allocationCreate(
    input: {
      projectId: $projectId
      sku: "h200-sxm-slice"
      region: "eu-north-1"
      gpuCount: 1
    }
  ) {
    allocation {
      id state
      price { unitPrice { amount currency } unit }
    }
    userErrors { code message field details }
    receipt { auditId }
  }
}`,
    variables: { projectId: 'prj_…' },
  },
  {
    name: 'Integrator: follow events across domains',
    query: `# The subject of each event is followed into three subgraphs.
subscription Follow($projectId: ID!, $after: Cursor) {
  allocationEvents(projectId: $projectId, after: $after) {
    cursor type occurredAt
    gap { from to }
    subject {
      id state
      sku { name }
      project { name }
      spend { total { amount currency } }
    }
  }
}`,
    variables: { projectId: 'prj_…', after: FROM_THE_START },
  },
  {
    name: 'Integrator: one allocation, everything known',
    query: `# The id of an allocation is in the tabs before.
query Story($id: ID!) {
  allocation(id: $id) {
    state
    availableActions
    sku { name }
    price { unitPrice { amount } unit hash }
    connection { host port user }
    spend { total { amount currency } }
    charges(first: 20) {
      nodes { code amount { amount } debitAccount creditAccount }
    }
    appInstances { name state endpoints { url isReady } }
    project { name effectiveGrants { roleName principalId } }
    auditRecords(first: 20) {
      nodes { action result occurredAt }
    }
  }
}`,
    variables: { id: 'alc_…' },
  },
  {
    name: 'Integrator: give it back',
    query: `mutation GiveBack($id: ID!) {
  allocationRelease(input: { id: $id, reason: "trying it out" }) {
    allocation { state releaseAcceptedAt }
    userErrors { code message }
  }
}`,
    variables: { id: 'alc_…' },
  },
];

export const GRAPHIQL_TABS = graphiqlTabs();
