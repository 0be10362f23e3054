import { registerEnumType } from 'type-graphql';

export enum ComputeNodeStateEnum {
  BOOTSTRAP_ISSUED = 'bootstrap_issued',
  ENROLLING = 'enrolling',
  ACTIVE = 'active',
  OFFLINE = 'offline',
  QUARANTINED = 'quarantined',
  DRAINING = 'draining',
  RETIRED = 'retired',
  REMOVING = 'removing',
  DELETED = 'deleted',
}
registerEnumType(ComputeNodeStateEnum, {
  name: 'ComputeNodeState',
  description: 'Where a machine stands in its life. Scheduling, health and connectivity are fields of their own.',
  valuesConfig: {
    BOOTSTRAP_ISSUED: { description: 'Registered; its bootstrap token waits to be used.' },
    ENROLLING: { description: 'It has its identity and must report healthy.' },
    ACTIVE: { description: 'In service: the only state in which new work is placed.' },
    OFFLINE: { description: 'It reports no more.' },
    QUARANTINED: { description: 'Out of service until an operator decides.' },
    DRAINING: { description: 'Takes nothing new; what runs goes on.' },
    RETIRED: { description: 'Out of service for good.' },
    REMOVING: { description: 'Being removed.' },
    DELETED: { description: 'Gone.' },
  },
});

export enum NodeSchedulingEnum {
  ELIGIBLE = 'ELIGIBLE',
  CORDONED = 'CORDONED',
  DRAINING = 'DRAINING',
}
registerEnumType(NodeSchedulingEnum, {
  name: 'NodeScheduling',
  description: "Whether new work may be placed on a machine: an operator's will.",
  valuesConfig: {
    ELIGIBLE: { description: 'It may.' },
    CORDONED: { description: 'It may not; what runs goes on.' },
    DRAINING: { description: 'It may not, and what runs is to leave.' },
  },
});

export enum NodeHealthEnum {
  HEALTHY = 'HEALTHY',
  DEGRADED = 'DEGRADED',
  UNHEALTHY = 'UNHEALTHY',
  UNKNOWN = 'UNKNOWN',
}
registerEnumType(NodeHealthEnum, {
  name: 'NodeHealth',
  description: 'What a machine says of itself.',
  valuesConfig: {
    HEALTHY: { description: 'All well.' },
    DEGRADED: { description: 'Usable, with a fault.' },
    UNHEALTHY: { description: 'Not usable.' },
    UNKNOWN: { description: 'It has not said anything yet.' },
  },
});

export enum NodeConnectivityEnum {
  CONNECTED = 'CONNECTED',
  STALE = 'STALE',
  LOST = 'LOST',
}
registerEnumType(NodeConnectivityEnum, {
  name: 'NodeConnectivity',
  description: 'Whether a machine is heard of: two signals, heartbeats and polls.',
  valuesConfig: {
    CONNECTED: { description: 'Both arrive.' },
    STALE: { description: 'One of them does not.' },
    LOST: { description: 'Neither does.' },
  },
});

export enum SlotStatusEnum {
  CANDIDATE = 'candidate',
  AVAILABLE = 'available',
  RESERVED = 'reserved',
  IN_USE = 'in_use',
  CLEANING = 'cleaning',
  CLEANUP_BLOCKED = 'cleanup_blocked',
  DISABLED = 'disabled',
}
registerEnumType(SlotStatusEnum, {
  name: 'SlotStatus',
  description: 'Whether a part of a machine can be given out.',
  valuesConfig: {
    CANDIDATE: { description: 'The machine reported it; an operator has not approved it.' },
    AVAILABLE: { description: 'Nobody holds it.' },
    RESERVED: { description: 'An allocation holds it and is being provisioned.' },
    IN_USE: { description: 'An active allocation holds it.' },
    CLEANING: { description: 'Its allocation ended; the machine cleans up.' },
    CLEANUP_BLOCKED: { description: 'The cleanup failed; it stays blocked until somebody proves it clean.' },
    DISABLED: { description: 'An operator took it out.' },
  },
});

export enum NodeTaskStatusEnum {
  QUEUED = 'queued',
  DISPATCHED = 'dispatched',
  COMPLETED = 'completed',
  FAILED = 'failed',
  REFUSED = 'refused',
  EXPIRED = 'expired',
}
registerEnumType(NodeTaskStatusEnum, {
  name: 'NodeTaskStatus',
  description: 'How far a task for a machine is.',
  valuesConfig: {
    QUEUED: { description: 'The agent has not fetched it.' },
    DISPATCHED: { description: 'The agent has it.' },
    COMPLETED: { description: 'Done.' },
    FAILED: { description: 'The agent tried and failed.' },
    REFUSED: { description: 'The agent would not do it.' },
    EXPIRED: { description: 'Nothing came in time.' },
  },
});

export enum ComputeNodeActionEnum {
  ENROLL = 'enroll',
  ACTIVATE = 'activate',
  LOSE = 'lose',
  RECOVER = 'recover',
  QUARANTINE = 'quarantine',
  RESTORE = 'restore',
  DRAIN = 'drain',
  RETIRE = 'retire',
  REMOVE = 'remove',
  DELETE = 'delete',
  REISSUE = 'reissue',
}
registerEnumType(ComputeNodeActionEnum, {
  name: 'ComputeNodeAction',
  description: 'Transitions of a machine: those of operators, and those that follow from what the machine does.',
  valuesConfig: {
    ENROLL: { description: 'By the machine: its agent uses the bootstrap token.' },
    ACTIVATE: { description: 'By the platform: it reported healthy.' },
    LOSE: { description: 'By the platform: it is heard of no more.' },
    RECOVER: { description: 'By the platform: it is heard of again.' },
    QUARANTINE: { description: '`nodeQuarantine`.' },
    RESTORE: { description: '`nodeRestore`.' },
    DRAIN: { description: '`nodeDrain`.' },
    RETIRE: { description: '`nodeRetire`.' },
    REMOVE: { description: '`nodeDelete`.' },
    DELETE: { description: 'By the platform: the removal ended.' },
    REISSUE: { description: '`nodeBootstrapIssue`.' },
  },
});
