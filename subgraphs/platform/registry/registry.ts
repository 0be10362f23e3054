import { systemActor } from '../../../kernel/access/actor.js';
import { canonicalHash } from '../../../kernel/commands/canonical-hash.js';
import { accept } from '../../../kernel/errors/refusal.js';
import { newId } from '../../../kernel/identifiers/type-id.js';
import type { Kernel } from '../../../kernel/kernel.js';
import type { Subgraph } from '../../../kernel/subgraph.js';
import type { Registry } from './contract.js';
import { parsePacket } from './domain/parse-packet.js';
import { LiveSnapshot } from './store/live-snapshot.js';
import { createRegistrySubgraph } from './subgraph.js';
import { createRegisterPacket } from './usecases/register-packet.js';
import { reportHealth } from './usecases/report-health.js';

/** The registry of one process: answers from its snapshot, changes by commands. */
export function createRegistry(deps: { kernel: Kernel }): Registry {
  const { kernel } = deps;
  const snapshot = new LiveSnapshot(kernel);
  const registerPacket = createRegisterPacket({ demandsNewVersion: kernel.configuration.environment === 'production' });
  const subgraph = createRegistrySubgraph({ kernel, snapshot, registerPacket });
  return {
    subgraph,
    permissions: () => snapshot.current.permissions,
    isPermission: (id) => snapshot.current.isPermission(id),
    isActiveProduct: (productId) => snapshot.current.isActiveProduct(productId),
    usageUnit: (id) => snapshot.current.usageUnit(id),
    policyDefinition: (key) => snapshot.current.policyDefinition(key),
    policyDefinitions: () => snapshot.current.policyDefinitions,
    quotaDimension: (id) => snapshot.current.quotaDimension(id),
    quotaDimensions: () => snapshot.current.quotaDimensions,
    onChange: (listener) => snapshot.onChange(listener),
    reportHealth,
    assertRegistered: (subgraphs) => assertRegistered(snapshot, subgraphs),
    async registerPacket(packet) {
      const known = await registeredAlready(kernel, packet);
      if (known !== null) {
        await snapshot.refresh();
        return accept({ productId: known, isChanged: false });
      }
      const invocation = { actor: systemActor('registry.packets'), correlationId: newId('cor') };
      const result = await kernel.pipeline.execute(registerPacket, { packet }, invocation);
      if (!result.ok) return result;
      await snapshot.refresh();
      return accept({ productId: result.value.productId, isChanged: result.value.isChanged });
    },
  };
}

/** Spares every start-up of every process an audited command that changes nothing. */
async function registeredAlready(kernel: Kernel, value: unknown): Promise<string | null> {
  const parsed = parsePacket(value);
  if (!parsed.ok) return null;
  const { productId } = parsed.value;
  const row = await kernel.database.read('system', (tx) =>
    tx.row<{ content_hash: string }>('select content_hash from registry.products where product_id = $1', [productId]),
  );
  return row?.content_hash === canonicalHash(parsed.value) ? productId : null;
}

function assertRegistered(snapshot: LiveSnapshot, subgraphs: readonly Subgraph[]): void {
  const { current } = snapshot;
  const missing = subgraphs.flatMap((subgraph) => [
    ...subgraph.commands
      .filter(({ action }) => !current.isPermission(action))
      .map(({ action }) => `permission ${action} (a command of ${subgraph.name})`),
    ...subgraph.events
      .filter(({ type }) => !current.isEventType(type))
      .map(({ type }) => `event type ${type} (of ${subgraph.name})`),
  ]);
  if (missing.length > 0)
    throw new Error(`Not registered by any active product:\n${missing.map((line) => `  - ${line}`).join('\n')}`);
}
