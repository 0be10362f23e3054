import { createHash } from 'node:crypto';

/** Merkle tree hash of RFC 6962 section 2.1, with SHA-256. Leaves and nodes are told apart by a first byte. */
const LEAF = Uint8Array.of(0x00);
const NODE = Uint8Array.of(0x01);

/** The hash of a leaf: SHA-256(0x00 || data). */
export function leafHash(data: Uint8Array): Buffer {
  return createHash('sha256').update(LEAF).update(data).digest();
}

/** The hash of an inner node: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

/**
 * The compact range [0, size) of a tree: the roots of its perfect subtrees, the largest first, one for each bit that is
 * set in the size. It is all that is needed to append and to compute the root; it holds at most 64 hashes.
 */
export class CompactRange {
  #size: bigint;
  readonly #hashes: Buffer[];

  constructor(size = 0n, hashes: readonly Uint8Array[] = []) {
    if (hashes.length !== bitsSet(size))
      throw new Error(`a compact range of size ${size} has ${bitsSet(size)} hashes, not ${hashes.length}`);
    this.#size = size;
    this.#hashes = hashes.map((hash) => Buffer.from(hash));
  }

  get size(): bigint {
    return this.#size;
  }

  get hashes(): readonly Buffer[] {
    return this.#hashes;
  }

  /** Appends the hash of a leaf: as a binary counter carries, two subtrees of one size become one of twice the size. */
  append(leaf: Uint8Array): void {
    let hash: Buffer = Buffer.from(leaf);
    for (let size = this.#size; size % 2n === 1n; size /= 2n) {
      const left = this.#hashes.pop();
      if (left === undefined) throw new Error('a compact range has lost a subtree');
      hash = nodeHash(left, hash);
    }
    this.#hashes.push(hash);
    this.#size += 1n;
  }

  /** The Merkle tree hash over all leaves so far; of the empty tree it is the hash of nothing. */
  root(): Buffer {
    const last = this.#hashes.at(-1);
    if (last === undefined) return createHash('sha256').digest();
    let root = last;
    for (let index = this.#hashes.length - 2; index >= 0; index -= 1)
      root = nodeHash(this.#hashes[index] ?? root, root);
    return root;
  }
}

function bitsSet(size: bigint): number {
  let count = 0;
  for (let rest = size; rest > 0n; rest /= 2n) if (rest % 2n === 1n) count += 1;
  return count;
}
