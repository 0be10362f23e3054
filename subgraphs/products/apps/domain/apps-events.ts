import { z } from 'zod';
import { type EventType, defineEvent } from '../../../../kernel/events/event-type.js';

export const versionRegistered = defineEvent({
  type: 'apps.version.registered',
  subjectType: 'AppVersion',
  description: 'A version of an app was registered with its manifest.',
  data: z.object({ appSlug: z.string(), number: z.string(), manifestHash: z.string() }),
});
export const versionMoved = defineEvent({
  type: 'apps.version.state_changed',
  subjectType: 'AppVersion',
  description: 'A version of an app went to another state of publication.',
  data: z.object({ from: z.string(), to: z.string(), reason: z.string().nullable() }),
});
export const appCreated = defineEvent({
  type: 'apps.app.created',
  subjectType: 'App',
  description: 'An app was added to the catalogue.',
  data: z.object({ slug: z.string() }),
});
export const artifactRegistered = defineEvent({
  type: 'apps.artifact.registered',
  subjectType: 'Artifact',
  description: 'An artifact was registered by its digest.',
  data: z.object({ repository: z.string(), digest: z.string() }),
});
export const artifactMoved = defineEvent({
  type: 'apps.artifact.state_changed',
  subjectType: 'Artifact',
  description: 'The lifecycle or the channel of an artifact changed.',
  data: z.object({ from: z.string(), to: z.string(), channel: z.string(), digest: z.string() }),
});
export const artifactTrustChanged = defineEvent({
  type: 'apps.artifact.trust_changed',
  subjectType: 'Artifact',
  description: 'The trust in an artifact changed.',
  data: z.object({ from: z.string(), to: z.string(), reason: z.string(), digest: z.string() }),
});
export const entitlementChanged = defineEvent({
  type: 'apps.entitlement.changed',
  subjectType: 'AppEntitlement',
  description: 'An app was enabled or disabled for a project.',
  data: z.object({ appSlug: z.string(), isEnabled: z.boolean() }),
});
export const instanceRequested = defineEvent({
  type: 'apps.instance.requested',
  subjectType: 'AppInstance',
  description: 'An app instance was asked for.',
  data: z.object({ appSlug: z.string(), versionId: z.string(), allocationId: z.string(), planHash: z.string() }),
});
export const instanceMoved = defineEvent({
  type: 'apps.instance.state_changed',
  subjectType: 'AppInstance',
  description: 'An app instance went to another state.',
  data: z.object({ from: z.string(), to: z.string(), reason: z.string().nullable(), allocationId: z.string() }),
});
export const instanceSpecChanged = defineEvent({
  type: 'apps.instance.spec_changed',
  subjectType: 'AppInstance',
  description: 'Something else is wanted of an app instance: its generation rose.',
  data: z.object({ generation: z.number(), wanted: z.string() }),
});
export const instanceConditionChanged = defineEvent({
  type: 'apps.instance.condition_changed',
  subjectType: 'AppInstance',
  description: 'A condition of an app instance changed its status or reason.',
  data: z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() }),
});
export const instanceProgressed = defineEvent({
  type: 'apps.instance.progressed',
  subjectType: 'AppInstance',
  description: 'A worker reported how far it is.',
  data: z.object({
    workItemId: z.string(),
    steps: z.array(z.object({ name: z.string(), state: z.string(), message: z.string() })),
  }),
});
export const instanceEndpointsChanged = defineEvent({
  type: 'apps.instance.endpoints_changed',
  subjectType: 'AppInstance',
  description: 'The endpoints of an app instance changed.',
  data: z.object({ endpoints: z.array(z.object({ name: z.string(), isReady: z.boolean() })) }),
});
export const instanceLeaked = defineEvent({
  type: 'apps.instance.leaked',
  subjectType: 'AppInstance',
  description: 'The platform reclaimed an app instance although nobody confirmed that everything of it is gone.',
  data: z.object({ leakId: z.string(), unconfirmed: z.array(z.string()) }),
});
export const workItemQueued = defineEvent({
  type: 'apps.work_item.queued',
  subjectType: 'AppWorkItem',
  description: 'There is work for a worker.',
  data: z.object({ instanceId: z.string(), appSlug: z.string(), kind: z.string(), attempt: z.number() }),
});
export const workItemLeased = defineEvent({
  type: 'apps.work_item.leased',
  subjectType: 'AppWorkItem',
  description: 'A worker took a work item.',
  data: z.object({
    instanceId: z.string(),
    appSlug: z.string(),
    kind: z.string(),
    attempt: z.number(),
    fence: z.number(),
  }),
});
export const workItemFinished = defineEvent({
  type: 'apps.work_item.finished',
  subjectType: 'AppWorkItem',
  description: 'A work item got its one outcome.',
  data: z.object({ instanceId: z.string(), kind: z.string(), state: z.string(), failureClass: z.string().nullable() }),
});
export const lateReportKept = defineEvent({
  type: 'apps.work_item.stale_fence_refused',
  subjectType: 'AppWorkItem',
  description: 'A write of a holder that had lost its lease was kept as evidence and not applied.',
  data: z.object({
    instanceId: z.string(),
    lateReportId: z.string(),
    verb: z.string(),
    fence: z.number(),
    currentFence: z.number(),
  }),
});

export const APPS_EVENTS: readonly EventType[] = [
  appCreated,
  versionRegistered,
  versionMoved,
  artifactRegistered,
  artifactMoved,
  artifactTrustChanged,
  entitlementChanged,
  instanceRequested,
  instanceMoved,
  instanceSpecChanged,
  instanceConditionChanged,
  instanceProgressed,
  instanceEndpointsChanged,
  instanceLeaked,
  workItemQueued,
  workItemLeased,
  workItemFinished,
  lateReportKept,
];
