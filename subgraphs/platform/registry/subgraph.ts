import type { Kernel } from '../../../kernel/kernel.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import { incidentMoved, incidentOpened } from './domain/incident-events.js';
import { componentHealthChanged, productRegistered } from './domain/registry-events.js';
import { announceStaleHealth } from './jobs/announce-stale-health.js';
import { reportRegistryHealth } from './jobs/report-registry-health.js';
import { IncidentEventResolver, IncidentResolver, resolveIncident } from './schema/incident-resolver.js';
import { ProductResolver, resolveProduct } from './schema/product-resolver.js';
import { RegistryEntryResolver, resolveRegistryEntry } from './schema/registry-entry-resolver.js';
import {
  StatusComponentResolver,
  StatusEventResolver,
  resolveStatusComponent,
} from './schema/status-component-resolver.js';
import type { LiveSnapshot } from './store/live-snapshot.js';
import { moveIncident } from './usecases/move-incident.js';
import { openIncident } from './usecases/open-incident.js';
import type { createRegisterPacket } from './usecases/register-packet.js';

export function createRegistrySubgraph(deps: {
  kernel: Kernel;
  snapshot: LiveSnapshot;
  registerPacket: ReturnType<typeof createRegisterPacket>;
}): Subgraph {
  const { kernel, snapshot, registerPacket } = deps;
  return {
    name: 'registry',
    resolvers: [
      new ProductResolver({ registerPacket, refresh: () => snapshot.refresh() }),
      new RegistryEntryResolver(),
      new StatusComponentResolver(),
      new StatusEventResolver(),
      new IncidentResolver(),
      new IncidentEventResolver(),
    ],
    references: {
      Product: resolveProduct,
      RegistryEntry: resolveRegistryEntry,
      StatusComponent: resolveStatusComponent,
      Incident: resolveIncident,
    },
    commands: [registerPacket, openIncident, moveIncident],
    events: [productRegistered, componentHealthChanged, incidentOpened, incidentMoved],
    jobs: [announceStaleHealth(kernel.database), reportRegistryHealth(kernel.database, snapshot)],
    consumers: [],
    start: () => snapshot.start(),
    stop: () => snapshot.stop(),
  };
}
