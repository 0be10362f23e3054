import { EventFeed } from '../../../kernel/events/event-feed.js';
import { sequencerJob } from '../../../kernel/events/sequencer-job.js';
import { WakeSignal } from '../../../kernel/events/wake-signal.js';
import type { Kernel } from '../../../kernel/kernel.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import type { Registry } from '../registry/index.js';
import {
  auditRecordAppended,
  bundleCreated,
  bundleSealed,
  bundleSuperseded,
  itemAdded,
} from './domain/evidence-events.js';
import { watchAuditLag } from './jobs/watch-audit-lag.js';
import { createAuditEventResolver } from './schema/audit-event-resolver.js';
import { AuditIntegrityResolver } from './schema/audit-integrity-resolver.js';
import { AuditRecordResolver, resolveAuditRecord } from './schema/audit-record-resolver.js';
import { auditedReferences, auditedResolvers, auditedTypes } from './schema/audited-entities.js';
import {
  BundleResolver,
  EvidenceEventResolver,
  ItemResolver,
  resolveBundle,
  resolveItem,
} from './schema/bundle-resolver.js';
import { auditLog } from './store/audit-log.js';
import { addItem } from './usecases/add-item.js';
import { createBundle } from './usecases/create-bundle.js';
import { eraseAuditRecord } from './usecases/erase-audit-record.js';
import { sealBundle } from './usecases/seal-bundle.js';

export function createEvidenceSubgraph(deps: {
  kernel: Kernel;
  status?: Pick<Registry, 'reportHealth'> | undefined;
}): Subgraph {
  const { kernel, status } = deps;
  const { database, outboxSignal, logger } = kernel;
  const appendedSignal = new WakeSignal('cp_audit', database.systemPool, logger);
  const feed = new EventFeed(database, appendedSignal, { log: auditLog.log, relation: 'evidence.audit_events' });
  return {
    name: 'evidence',
    resolvers: [
      new AuditRecordResolver(),
      createAuditEventResolver(feed),
      new AuditIntegrityResolver({ database }),
      ...auditedResolvers,
      new BundleResolver(),
      new ItemResolver(),
      new EvidenceEventResolver(),
    ],
    references: {
      AuditRecord: resolveAuditRecord,
      EvidenceBundle: resolveBundle,
      EvidenceItem: resolveItem,
      ...auditedReferences,
    },
    orphanedTypes: auditedTypes,
    commands: [createBundle, addItem, sealBundle, eraseAuditRecord],
    events: [auditRecordAppended, bundleCreated, bundleSealed, bundleSuperseded, itemAdded],
    jobs: [sequencerJob({ database, log: auditLog, outboxSignal, appendedSignal }), watchAuditLag(kernel, status)],
    consumers: [],
    async start() {
      await appendedSignal.listen();
      await feed.start();
    },
    async stop() {
      await feed.close();
      await appendedSignal.close();
    },
  };
}
