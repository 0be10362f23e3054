import { z } from 'zod';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { canonicalHash } from '../../../../kernel/commands/canonical-hash.js';
import { type CommandContext, defineCommand } from '../../../../kernel/commands/command.js';
import { idempotencyKey } from '../../../../kernel/commands/idempotency.js';
import { type Outcome, type Refusal, accept, refuse, refuseAll } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { type DeclaredEntry, declaredEntries, namespaceOf } from '../domain/declared-entries.js';
import { ownershipFaults } from '../domain/ownership.js';
import { parsePacket } from '../domain/parse-packet.js';
import { entryStateOf, eventBetween, isInForce, productLifecycle } from '../domain/product-lifecycle.js';
import { productRegistered } from '../domain/registry-events.js';
import type { OnboardingPacket } from '../packet/onboarding-packet.js';
import {
  lockRegistry,
  raiseRevision,
  relatedEntries,
  replaceComponents,
  replaceEntries,
} from '../store/entry-store.js';
import { ProductEntity, type ProductRow } from '../store/product-entity.js';

const PACKET_BYTES_MAX = 256 * 1024;
const ENTRIES_MAX = 2000;

/**
 * Registers a packet, or replaces the one of the same product. Fails closed, naming every fault at once. The same
 * contents again change nothing. Where `demandsNewVersion`, other contents need a higher version (spec section 6).
 */
export function createRegisterPacket(options: { demandsNewVersion: boolean }) {
  return defineCommand({
    action: 'registry.packet.register',
    input: z.object({ packet: z.unknown(), idempotencyKey }),
    scope: () => PLATFORM_SCOPE,
    async run(context, input): Promise<Outcome<{ id: string; productId: string; isChanged: boolean }>> {
      if (JSON.stringify(input.packet ?? null).length > PACKET_BYTES_MAX) {
        return refuse('LIMIT_REACHED', `A packet has at most ${PACKET_BYTES_MAX} bytes.`, {
          field: ['input', 'packet'],
        });
      }
      const parsed = parsePacket(input.packet);
      if (!parsed.ok) return parsed;
      const packet = parsed.value;
      await lockRegistry(context.tx);
      const product = await context.tx.em.findOne(ProductEntity, { productId: packet.productId });
      context.describe(
        { type: 'Product', id: product?.id ?? packet.productId },
        { productId: packet.productId, packetVersion: packet.version },
      );
      if (product?.contentHash === canonicalHash(packet))
        return accept({ id: product.id, productId: packet.productId, isChanged: false });
      const entries = declaredEntries(packet);
      const faults = [
        ...replacementFaults(packet, product, options),
        ...(await entryFaults(context, packet, entries)),
        ...(await slugFaults(context, packet)),
      ];
      if (faults.length > 0) return refuseAll(faults);
      return accept({
        id: await store(context, { packet, product, entries }),
        productId: packet.productId,
        isChanged: true,
      });
    },
  });
}

function fault(code: Refusal['code'], field: string, message: string, details: Refusal['details'] = {}): Refusal {
  return { code, message, field: ['input', 'packet', field], details };
}

function replacementFaults(
  packet: OnboardingPacket,
  product: ProductRow | null,
  options: { demandsNewVersion: boolean },
): Refusal[] {
  const faults: Refusal[] = [];
  const from = product?.lifecycle ?? 'draft';
  if (packet.lifecycle !== from && eventBetween(from, packet.lifecycle) === null) {
    const message =
      product === null
        ? `A new product cannot begin as ${packet.lifecycle}.`
        : `A product that is ${from} cannot become ${packet.lifecycle}.`;
    faults.push(
      fault('INVALID_STATE', 'lifecycle', message, { state: from, availableActions: productLifecycle.available(from) }),
    );
  }
  if (product === null) return faults;
  const least = product.packetVersion + (options.demandsNewVersion ? 1 : 0);
  if (packet.version < least) {
    faults.push(
      fault(
        'CONFLICT',
        'version',
        `Version ${product.packetVersion} is registered with other contents; raise the version to at least ${least}.`,
        {
          registeredVersion: product.packetVersion,
        },
      ),
    );
  }
  return faults;
}

async function entryFaults(
  context: CommandContext,
  packet: OnboardingPacket,
  entries: readonly DeclaredEntry[],
): Promise<Refusal[]> {
  if (entries.length > ENTRIES_MAX)
    return [fault('LIMIT_REACHED', 'registries', `A packet declares at most ${ENTRIES_MAX} entries.`)];
  const namespaces = [...new Set(entries.map(namespaceOf).filter((namespace) => namespace !== null))];
  return ownershipFaults(packet.productId, entries, await relatedEntries(context.tx, entries, namespaces));
}

async function slugFaults(context: CommandContext, packet: OnboardingPacket): Promise<Refusal[]> {
  const other = await context.tx.em.findOne(ProductEntity, {
    slug: packet.productSlug,
    productId: { $ne: packet.productId },
  });
  if (other === null) return [];
  return [
    fault('ALREADY_EXISTS', 'productSlug', `The slug "${packet.productSlug}" belongs to product ${other.productId}.`, {
      ownerProductId: other.productId,
    }),
  ];
}

async function store(
  context: CommandContext,
  registration: { packet: OnboardingPacket; product: ProductRow | null; entries: readonly DeclaredEntry[] },
): Promise<string> {
  const { tx, now } = context;
  const { packet, entries } = registration;
  const id = registration.product?.id ?? newId('prd');
  const facts = {
    slug: packet.productSlug,
    title: packet.title,
    lifecycle: packet.lifecycle,
    lifecycleChangedAt:
      registration.product?.lifecycle === packet.lifecycle ? registration.product.lifecycleChangedAt : now,
    packetVersion: packet.version,
    contentHash: canonicalHash(packet),
    packet: packet as unknown as Record<string, unknown>,
    changedAt: now,
  };
  if (registration.product === null)
    tx.em.create(ProductEntity, { id, productId: packet.productId, createdAt: now, ...facts });
  else Object.assign(registration.product, facts);
  await tx.em.flush();
  await replaceEntries(tx, { productId: packet.productId, entryState: entryStateOf(packet.lifecycle), now }, entries);
  await replaceComponents(tx, { productId: packet.productId, isInForce: isInForce(packet.lifecycle), now }, entries);
  const revision = (await raiseRevision(tx)).toString();
  context.describe({ type: 'Product', id }, { lifecycle: packet.lifecycle, revision });
  const data = { productId: packet.productId, packetVersion: packet.version, lifecycle: packet.lifecycle, revision };
  context.emit(productRegistered, { subjectId: id, scope: PLATFORM_SCOPE, data });
  return id;
}
