import type { Kernel } from '../../../kernel/kernel.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import { incidentMoved, incidentOpened } from './domain/incident-events.js';
import { IncidentEventResolver, IncidentResolver, resolveIncident } from './schema/incident-resolver.js';
import { moveIncident } from './usecases/move-incident.js';
import { openIncident } from './usecases/open-incident.js';

export function createRegistrySubgraph(_options: { kernel: Kernel }): Subgraph {
  return {
    name: 'registry',
    resolvers: [new IncidentResolver(), new IncidentEventResolver()],
    references: { Incident: resolveIncident },
    commands: [openIncident, moveIncident],
    events: [incidentOpened, incidentMoved],
    jobs: [],
    consumers: [],
  };
}
