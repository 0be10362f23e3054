import { registerEnumType } from 'type-graphql';

/** Registers an enum from its inside values and their descriptions; `EndpointsReady` shows as `ENDPOINTS_READY`. */
function describedEnum<Value extends string>(
  name: string,
  description: string,
  values: Readonly<Record<Value, string>>,
): Record<string, Value> {
  const nameOf = (value: string): string =>
    value === value.toUpperCase() ? value : value.replaceAll(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase();
  const entries = Object.entries(values) as [Value, string][];
  const members = Object.fromEntries(entries.map(([value]) => [nameOf(value), value])) as Record<string, Value>;
  const valuesConfig = Object.fromEntries(entries.map(([value, text]) => [nameOf(value), { description: text }]));
  registerEnumType(members, { name, description, valuesConfig });
  return members;
}

export const AppVersionState = describedEnum('AppVersionState', 'How far a version is published.', {
  draft: 'Registered; only publishers see it.',
  staged: 'Being checked.',
  canary: 'Tried by few.',
  active: 'Can be launched.',
  retired: 'Cannot be launched any more; what runs on it goes on.',
});
export const AppVersionEvent = describedEnum('AppVersionEvent', 'A step of publication.', {
  stage: 'From draft to staged.',
  canary: 'From staged to canary.',
  activate: 'From canary to active.',
});
export const ArtifactLifecycleState = describedEnum(
  'ArtifactLifecycleState',
  'Where an artifact stands; apart from the trust in it.',
  {
    published: 'Registered by its digest.',
    promoted: 'Promoted to a channel.',
    deprecated: 'Refused for new use; what runs goes on.',
    retired: 'Out of use.',
  },
);
export const ArtifactTrustState = describedEnum('ArtifactTrustState', 'Whether an artifact may be put to new use.', {
  unverified: 'Nobody has judged it; refused.',
  verified: 'Judged and passed.',
  failed_verification: 'Judged and refused.',
  revoked: 'Was verified; trust was taken back, refused for new use.',
});
export const ArtifactChannel = describedEnum('ArtifactChannel', 'How far an artifact was promoted; it only climbs.', {
  dev: 'Development.',
  test: 'For trying out, not for customers.',
  staging: 'The last step before customers may get it.',
  prod: 'Production.',
});
export const ArtifactKind = describedEnum('ArtifactKind', 'What an artifact is.', {
  container_image: 'An OCI image.',
  model_weights: 'The learned parameters that a model server loads.',
  helm_chart: 'A package of Kubernetes manifests.',
});
export const ArtifactSourceType = describedEnum('ArtifactSourceType', 'What kind of place an artifact comes from.', {
  oci_registry: 'The registry of its publisher.',
  mirror: 'A mirror of ours.',
});
export const AppInstanceState = describedEnum(
  'AppInstanceState',
  'Where an app instance stands; apart from its health.',
  {
    requested: 'Accepted; no worker has taken it yet.',
    deploying: 'A worker starts it.',
    running: 'It runs and every endpoint answers.',
    degraded: 'It runs, but not everything answers.',
    stopped: 'Stopped by its owner; can be started again.',
    upgrading: 'A worker moves it to another version.',
    failed: 'It could not be started; start it again or remove it.',
    decommissioning: 'It is being removed.',
    decommissioned: 'It is gone.',
    decommission_failed: 'A worker could not remove it; the platform reclaims it at the deadline.',
  },
);
export const AppInstanceAction = describedEnum('AppInstanceAction', 'What can be done with an app instance.', {
  start: 'Start it (again).',
  stop: 'Stop it; it keeps its storage.',
  restart: 'Restart it. Cluster apps do not offer this.',
  reconcile: 'Look at what runs and mend it without destroying anything.',
  repair: 'Repair a cluster, as a whole or a part of it.',
  upgrade: 'Move it to another version or other values.',
  decommission: 'Remove it.',
});
export const AppInstanceHealth = describedEnum('AppInstanceHealth', 'What the worker last found.', {
  unknown: 'Nobody has looked.',
  healthy: 'Sound.',
  unhealthy: 'Not sound.',
});
export const AppDesiredState = describedEnum('AppDesiredState', 'What the owner of an app instance wants.', {
  running: 'It should run.',
  stopped: 'It should be stopped.',
  removed: 'It should be gone.',
});
export const AppRepairScope = describedEnum('AppRepairScope', 'How much of a cluster is repaired.', {
  whole_runtime: 'All of it.',
  control_plane: 'What manages the app, without the machines that do the work.',
  member: 'Members that are broken.',
});
export const AppConditionType = describedEnum('AppConditionType', 'Independent facts about an app instance.', {
  Ready: 'It can be used.',
  Progressing: 'Something is under way.',
  Degraded: 'It runs with less than it should.',
  Stalled: 'Work was given up; a person is needed.',
  EndpointsReady: 'Every endpoint answers.',
  ControllerReachable: 'A worker of the app asks for work.',
});
export const AppConditionStatus = describedEnum('AppConditionStatus', 'Whether a condition holds.', {
  True: 'It holds.',
  False: 'It does not hold.',
  Unknown: 'Nobody can tell.',
});
export const AppEndpointProtocol = describedEnum('AppEndpointProtocol', 'What an endpoint speaks.', {
  http: 'HTTP, for browsers.',
  openai: 'The OpenAI HTTP API.',
  ssh: 'A secure shell session (RFC 4254).',
});
export const AppExposureMode = describedEnum('AppExposureMode', 'How an endpoint can be reached.', {
  private: 'On the loopback of the host only; through an SSH tunnel.',
  managed_ingress: 'Through the ingress of the platform.',
});
export const AppEndpointAuthMode = describedEnum('AppEndpointAuthMode', 'What an endpoint asks of its callers.', {
  none: 'Nothing beyond the way to it.',
  browser_oidc: 'A signed-in browser.',
  api_bearer: 'A bearer token.',
  ssh_key: 'Signs in with the private key of a registered SSH key.',
});
export const AppWorkKind = describedEnum('AppWorkKind', 'What a worker is to do.', {
  PROVISION: 'Start the app for the first time, or again after a failure.',
  UPDATE: 'Move it to the plan of this work item.',
  ACTION: 'Carry out the action named in the work item.',
  DECOMMISSION: 'Remove everything of it.',
});
export const AppWorkItemState = describedEnum('AppWorkItemState', 'Where a work item stands.', {
  queued: 'Waits for a worker.',
  leased: 'A worker holds it.',
  completed: 'Done.',
  dead: 'Given up; waits for a person.',
  cancelled: 'Not wanted any more: the instance is being removed.',
  superseded: 'Newer work replaced it.',
});
export const AppFailureClass = describedEnum('AppFailureClass', 'What kind of failure an attempt met.', {
  RETRYABLE: 'Trying again may help; tried within bounds.',
  PERMANENT: 'Trying again does not help.',
  NEEDS_OPERATOR: 'A person must act first.',
  UNCERTAIN: 'Nobody knows what was done; the next attempt looks first and deletes nothing.',
});
export const AppHeartbeatAnswer = describedEnum('AppHeartbeatAnswer', 'What the holder of a lease should do.', {
  OK: 'Go on; the lease was renewed.',
  CANCEL: 'Stop and release: the instance is to be removed. The lease is not renewed.',
  SUPERSEDED: 'Stop and release: newer work replaced this. The lease is not renewed.',
  LOST: 'The lease is gone; stop at once and write nothing more.',
});
export const AppStepState = describedEnum('AppStepState', 'Where a step of work stands.', {
  PENDING: 'Not begun.',
  RUNNING: 'Under way.',
  SUCCEEDED: 'Done.',
  FAILED: 'Ended without its result; its message says why.',
});
