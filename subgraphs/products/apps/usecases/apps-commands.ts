import { createApp } from './create-app.js';
import type { AppsServices } from './apps-services.js';
import { createCompleteWorkItem } from './complete-work-item.js';
import { createDecommissionInstance } from './decommission-instance.js';
import { createEnforceDeadline } from './enforce-deadline.js';
import { createFailWorkItem } from './fail-work-item.js';
import { createHeartbeatWorkItem } from './heartbeat-work-item.js';
import { createVerifyArtifact, revokeArtifact } from './judge-artifact.js';
import { createLapseWorkItem } from './lapse-work-item.js';
import { createLaunchInstance } from './launch-instance.js';
import { createLeaseWorkItem } from './lease-work-item.js';
import { createMeterInstance } from './meter-instance.js';
import { deprecateArtifact, promoteArtifact, retireArtifact } from './move-artifact.js';
import { promoteVersion, retireVersion } from './move-version.js';
import { createObserveController } from './observe-controller.js';
import { registerArtifact } from './register-artifact.js';
import { registerVersion } from './register-version.js';
import { createReleaseWorkItem } from './release-work-item.js';
import { createReportWorkItem } from './report-work-item.js';
import { createInstanceAction } from './request-instance-action.js';
import { createRetryWorkItem } from './retry-work-item.js';
import { createSetEntitlement } from './set-entitlement.js';
import { createUpgradeInstance } from './upgrade-instance.js';

/** Every command of the domain, made once by the composition root. */
export type AppsCommands = ReturnType<typeof createAppsCommands>;

// oxlint-disable-next-line typescript/explicit-function-return-type -- the type is the inventory itself
export function createAppsCommands(services: AppsServices) {
  return {
    createApp,
    registerVersion,
    promoteVersion,
    retireVersion,
    registerArtifact,
    verifyArtifact: createVerifyArtifact(services),
    promoteArtifact,
    deprecateArtifact,
    retireArtifact,
    revokeArtifact,
    enableApp: createSetEntitlement(services, true),
    disableApp: createSetEntitlement(services, false),
    launch: createLaunchInstance(services),
    start: createInstanceAction(services, 'start'),
    stop: createInstanceAction(services, 'stop'),
    restart: createInstanceAction(services, 'restart'),
    reconcile: createInstanceAction(services, 'reconcile'),
    repair: createInstanceAction(services, 'repair'),
    upgrade: createUpgradeInstance(services),
    decommission: createDecommissionInstance(services),
    lease: createLeaseWorkItem(services),
    heartbeat: createHeartbeatWorkItem(services),
    report: createReportWorkItem(services),
    complete: createCompleteWorkItem(services),
    fail: createFailWorkItem(services),
    release: createReleaseWorkItem(services),
    retry: createRetryWorkItem(services),
    lapse: createLapseWorkItem(services),
    enforceDeadline: createEnforceDeadline(services),
    meter: createMeterInstance(services),
    observeController: createObserveController(services),
  };
}
