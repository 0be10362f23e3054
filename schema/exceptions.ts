/** Where the graph departs from the conventions with intent, and why. One that is no longer needed fails. */
export const CONVENTION_EXCEPTIONS: Readonly<Record<string, string>> = {
  'boolean AllocationCreateInput.waitForCapacity': 'an instruction, not a fact',
  'boolean AppWorkItem.observesFirst': 'an instruction to the worker, not a fact',
  'boolean EvidenceBundle.items.includesSuperseded': 'says what the list holds',
  'connection Allocation.sshKeys': 'those it was made with: at most 20 may sign in',
  'connection Allocation.appInstances': 'the newest 20',
  'connection AppInstance.endpoints': 'those of its manifest, which is bounded',
  'connection AppInstance.workItems': 'the newest 20',
  'connection AppInstance.modelEndpoints': 'at most one for each of its endpoints',
  'connection BillingAccount.budgets': 'at most one per period',
  'connection EvidenceBundle.items': 'what is sealed is read as one whole: at most 500',
  'connection Incident.components': 'at most 50',
  'connection Project.budgets': 'at most one per period',
  'connection Project.quotas': 'one for each registered dimension in use: at most 200',
  'connection Query.builtInRoles': 'a list of the release',
  'connection Query.nodes': 'as Relay has it: one answer per identifier given',
  'connection ServiceAccount.keys': 'the last 20; two are active at most',
  'connection StatusComponent.openIncidents': 'at most 20',
  'connection UsageRecord.transfers': 'the two or three that posted one record',
  'enum AppLateReport.verb': 'the word of a worker, kept as evidence',
  'enum AppMember.status': 'the word of a worker: each app has its own',
  'enum AppMemberInput.status': 'the word of a worker: each app has its own',
  'enum NodeTask.type': 'agents bring kinds of tasks of their own',
  'enum SshKey.type': 'named by OpenSSH, which adds to them',
  'lifecycle Product.stateReason': 'packets lead its state: its registry entries say why',
  'money BudgetSetInput.amount': 'in the currency of the account: a caller cannot choose',
  'money CreditGrantInput.amount': 'in the currency of the account: a caller cannot choose',
  'money CreditTopUpInput.amount': 'in the currency of the account: a caller cannot choose',
  'money Money.amount': 'Money itself',
  'name creditGrant': 'credit is money, not an entity',
  'name creditTopUp': 'credit is money, not an entity',
  'name memberInvite': 'a member is a user at an organization',
  'name memberRemove': 'a member is a user at an organization',
  'name packetRegister': 'a packet is a document that registers many things',
};

/** What graphql-eslint says that we do not follow, and why. One that is no longer needed fails. */
export const LINT_EXCEPTIONS: Readonly<Record<string, string>> = {
  'no-typename-prefix: Field "artifactKind" starts with the name of the parent type "Artifact"':
    'as in manifests, whose kinds are several',
  'no-typename-prefix: Field "priceKey" starts with the name of the parent type "Price"':
    'the key of the price book, which usage names',
  'no-typename-prefix: Field "productId" starts with the name of the parent type "Product"':
    'its own id, as packets name it; `id` is its TypeID',
  'no-typename-prefix: Field "slotIndex" starts with the name of the parent type "Slot"':
    'its place on the machine, from 0; agents count so',
};

/** Hints of composition that are meant, as `CODE coordinate`, and why. One that is no longer needed fails. */
export const COMPOSITION_EXCEPTIONS: Readonly<Record<string, string>> = {};
