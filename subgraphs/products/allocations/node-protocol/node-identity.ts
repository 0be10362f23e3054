import { type CryptoKey, type JWK, importJWK } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Database } from '../../../../kernel/database/database.js';
import { type NodeRequest, verifyNodeRequest } from '../../../../agent/protocol/node-credential.js';

export interface NodeIdentity {
  readonly nodeId: string;
  readonly name: string;
  readonly epoch: number;
  readonly key: CryptoKey | Uint8Array;
}

const REMEMBERED_MILLISECONDS = 2000;

/**
 * Tells which node a request comes from: by the key that was enrolled, never by a name or an address. Keys are
 * remembered for two seconds; that long a node that was deleted may still be heard.
 */
export class NodeIdentities {
  readonly #database: Database;
  readonly #known = new LRUCache<string, NodeIdentity>({ max: 20_000, ttl: REMEMBERED_MILLISECONDS });

  constructor(database: Database) {
    this.#database = database;
  }

  /** Null unless the enrolled key of this node signed this very request just now. */
  async authenticate(
    nodeId: string,
    authorization: string | undefined,
    request: NodeRequest,
  ): Promise<NodeIdentity | null> {
    const token = authorization?.startsWith('Bearer ') === true ? authorization.slice(7) : '';
    if (token === '') return null;
    const node = this.#known.get(nodeId) ?? (await this.#load(nodeId));
    if (node === null) return null;
    const isGenuine = await verifyNodeRequest(token, request, {
      subject: nodeId,
      publicKey: node.key,
      now: new Date(),
    });
    if (isGenuine) return node;
    this.#known.delete(nodeId);
    return null;
  }

  async #load(nodeId: string): Promise<NodeIdentity | null> {
    const row = await this.#database.read('system', (tx) =>
      tx.row<{ name: string; epoch: bigint; public_key: JWK | null }>(
        `select name, epoch, public_key from allocations.nodes
         where id = $1 and state not in ('bootstrap_issued', 'retired', 'removing', 'deleted')`,
        [nodeId],
      ),
    );
    if (row?.public_key == null) return null;
    const key = await importJWK(row.public_key, 'EdDSA');
    const identity: NodeIdentity = { nodeId, name: row.name, epoch: Number(row.epoch), key };
    this.#known.set(nodeId, identity);
    return identity;
  }
}
