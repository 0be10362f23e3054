import { readPackets } from '../subgraphs/packets.js';
import type { Registry } from '../subgraphs/platform/registry/index.js';

/** Registers every packet that ships with the platform; nothing happens where the content is registered already. */
export async function registerPackets(registry: Registry): Promise<void> {
  for (const packet of await readPackets()) {
    const outcome = await registry.registerPacket(packet);
    if (outcome.ok) continue;
    const reasons = outcome.refusals.map((refusal) => refusal.message).join('; ');
    throw new Error(`the packet of ${packet.productId} was refused: ${reasons}`);
  }
}
