import type { GraphiqlTab } from '../gateway/index.js';

/** What GraphiQL opens with: examples for an operator and for an integrator, ready to run with a development sign-in. */
export const GRAPHIQL_TABS: readonly GraphiqlTab[] = [
  {
    name: 'Operator: the platform now',
    query: `# Sign in as the operator in the bar on top, then run.
query PlatformNow {
  statusComponents(first: 50) { nodes { id title health observedAt } }
  computeNodes(first: 20) {
    nodes { id name state scheduling health connectivity totalUnits freeUnits sku { name } region { name } }
  }
  organizations(first: 10) { nodes { id name billingAccount { state available { amount currency } } } }
  auditIntegrity { treeSize rootHash lagSeconds }
}`,
  },
  {
    name: 'Operator: who did what',
    query: `query WhoDidWhat {
  auditRecords(first: 20) {
    nodes { logIndex occurredAt action result reasonCode actorName targetType targetId correlationId }
  }
}`,
  },
  {
    name: 'Operator: nodes, live',
    query: `subscription Nodes {
  nodeEvents { cursor type occurredAt subject { name state health connectivity freeUnits } }
}`,
  },
  {
    name: 'Integrator: allocate',
    query: `# Sign in as the project member. First find your project:
query MyProjects { projects(first: 10) { nodes { id name quotas { dimension limit used remaining } } } }

# Then put its id into the variables and allocate one GPU.
mutation Allocate($projectId: ID!) {
  allocationCreate(input: { projectId: $projectId, sku: "h200-sxm-slice", region: "eu-north-1", gpuCount: 1 }) {
    allocation { id state price { unitPrice { amount currency } unit } }
    userErrors { code message field details }
    receipt { auditId }
  }
}`,
    variables: { projectId: 'prj_…' },
  },
  {
    name: 'Integrator: follow events across domains',
    query: `# The subject of each event is followed into three subgraphs.
subscription Follow($projectId: ID!) {
  allocationEvents(projectId: $projectId) {
    cursor type occurredAt
    subject { id state sku { name } project { name } spend { total { amount currency } } }
  }
}`,
    variables: { projectId: 'prj_…' },
  },
  {
    name: 'Integrator: one allocation, everything known',
    query: `query Story($id: ID!) {
  allocation(id: $id) {
    state sku { name } price { unitPrice { amount } unit hash } connection { host port user }
    spend { total { amount currency } } charges(first: 20) { nodes { code amount { amount } debitAccount creditAccount } }
    appInstances { name state endpoints { url isReady } }
    project { name effectiveGrants { roleName principalId } }
    auditRecords(first: 20) { nodes { action result occurredAt } }
  }
}`,
    variables: { id: 'alc_…' },
  },
];
