import { defineEntity, p } from '@mikro-orm/core';
import type { IncidentState } from '../domain/incident-lifecycle.js';

export const IncidentEntity = defineEntity({
  name: 'Incident',
  tableName: 'incidents',
  schema: 'registry',
  properties: {
    id: p.text().primary(),
    title: p.text(),
    summary: p.text(),
    severity: p.text(),
    componentIds: p.array(),
    state: p.text().$type<IncidentState>(),
    stateReason: p.text().nullable(),
    stateChangedAt: p.datetime(),
    openedBy: p.text(),
    correlationId: p.text(),
    createdAt: p.datetime(),
    version: p.integer().version(),
  },
});
