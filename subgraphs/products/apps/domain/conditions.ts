/** Conditions as in Kubernetes: independent facts, each with the generation it was seen at. */
export const CONDITION_TYPES = [
  'Ready',
  'Progressing',
  'Degraded',
  'Stalled',
  'EndpointsReady',
  'ControllerReachable',
] as const;
export type ConditionType = (typeof CONDITION_TYPES)[number];
export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** Those that a worker may report; the platform alone knows the others. */
export const WORKER_CONDITIONS = ['Ready', 'Progressing', 'Degraded'] as const;

export interface Condition {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  /** One word in CamelCase, for programs. */
  readonly reason: string;
  /** A sentence for people. */
  readonly message: string;
}
