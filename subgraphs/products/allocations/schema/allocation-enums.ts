import { registerEnumType } from 'type-graphql';

export enum AllocationStateEnum {
  REQUESTED = 'requested',
  PROVISIONING = 'provisioning',
  ACTIVE = 'active',
  RELEASING = 'releasing',
  RELEASED = 'released',
  FAILED = 'failed',
  RELEASE_FAILED = 'release_failed',
}
registerEnumType(AllocationStateEnum, {
  name: 'AllocationState',
  description: 'Where an allocation stands in its life.',
  valuesConfig: {
    REQUESTED: { description: 'Quota and money are held; it waits for capacity.' },
    PROVISIONING: { description: 'Exact capacity is reserved; the node prepares the runtime. Nothing is charged yet.' },
    ACTIVE: { description: 'Usable, and charged per usage window.' },
    RELEASING: { description: 'The release was accepted and billing has stopped; the node cleans up.' },
    RELEASED: { description: 'Cleanup was proved; the capacity is free again.' },
    FAILED: { description: 'It could not be provided; nothing was charged.' },
    RELEASE_FAILED: { description: 'Cleanup failed; billing has stopped and the capacity stays blocked.' },
  },
});

export enum AllocationActionEnum {
  RELEASE = 'release',
  RETRY_RELEASE = 'retry_release',
  FORCE_CLEANUP = 'force_cleanup',
}
registerEnumType(AllocationActionEnum, {
  name: 'AllocationAction',
  description: 'What can be done with an allocation.',
  valuesConfig: {
    RELEASE: { description: '`allocationRelease`.' },
    RETRY_RELEASE: { description: '`allocationReleaseRetry`.' },
    FORCE_CLEANUP: { description: '`allocationForceCleanup`, for operators.' },
  },
});

export enum WhyPendingReasonEnum {
  CAPACITY = 'CAPACITY',
  NO_REGIONAL_CAPACITY = 'NO_REGIONAL_CAPACITY',
  NO_SINGLE_NODE_FITS = 'NO_SINGLE_NODE_FITS',
  READINESS = 'READINESS',
  NODE_STATE = 'NODE_STATE',
  SCHEDULING = 'SCHEDULING',
  HEALTH = 'HEALTH',
  CONNECTIVITY = 'CONNECTIVITY',
  FABRIC = 'FABRIC',
  CLEANUP = 'CLEANUP',
  IMAGE = 'IMAGE',
  POLICY = 'POLICY',
  QUOTA = 'QUOTA',
  BALANCE = 'BALANCE',
}
registerEnumType(WhyPendingReasonEnum, {
  name: 'WhyPendingReason',
  description: 'Why something cannot be placed now.',
  valuesConfig: {
    CAPACITY: { description: 'The physical capacity; see the causes.' },
    NO_REGIONAL_CAPACITY: { description: 'The region has too little free capacity in all.' },
    NO_SINGLE_NODE_FITS: { description: 'Enough is free in all, but not on one node.' },
    READINESS: { description: 'Capacity exists that cannot be used now; see the causes.' },
    NODE_STATE: { description: 'Nodes are not in service.' },
    SCHEDULING: { description: 'Nodes are cordoned or being drained.' },
    HEALTH: { description: 'Nodes are not healthy.' },
    CONNECTIVITY: { description: 'Nodes are not connected.' },
    FABRIC: { description: 'Slots lack approval or a fabric function of their own.' },
    CLEANUP: { description: 'Slots wait for proof that they were cleaned.' },
    IMAGE: { description: 'The image is not available on nodes.' },
    POLICY: { description: 'A policy forbids it, or a limit is reached.' },
    QUOTA: { description: 'A quota would be exceeded.' },
    BALANCE: { description: 'The account or a budget cannot cover it.' },
  },
});
