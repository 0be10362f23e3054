import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompactRange, leafHash, nodeHash } from './merkle-tree.js';

const EMPTY_ROOT = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

// The leaves and roots of the reference implementation of Certificate Transparency (RFC 6962).
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** RFC 6962 section 2.1, word for word: split at the largest power of two smaller than n. */
function naiveRoot(leaves: readonly Uint8Array[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return createHash('sha256').digest();
  if (leaves.length === 1) return leafHash(only);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(naiveRoot(leaves.slice(0, split)), naiveRoot(leaves.slice(split)));
}

function rangeOf(leaves: readonly Uint8Array[]): CompactRange {
  const range = new CompactRange();
  for (const leaf of leaves) range.append(leafHash(leaf));
  return range;
}

describe('the Merkle tree hash', () => {
  it('of the empty tree is the hash of nothing', () => {
    expect(new CompactRange().root().toString('hex')).toBe(EMPTY_ROOT);
  });

  it.each(ROOTS.map((root, index) => [index + 1, root] as const))(
    'of the first %i known leaves is the known root',
    (count, root) => {
      const leaves = LEAVES.slice(0, count).map((hex) => Buffer.from(hex, 'hex'));
      expect(rangeOf(leaves).root().toString('hex')).toBe(root);
    },
  );

  it('equals the naive recursion of RFC 6962, also when the range is stored and continued in between', () => {
    const leaf = fc.uint8Array({ maxLength: 8 });
    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 300 }), fc.nat(300), (leaves, at) => {
        const stored = rangeOf(leaves.slice(0, at));
        const continued = new CompactRange(stored.size, stored.hashes);
        for (const data of leaves.slice(at)) continued.append(leafHash(data));
        expect(continued.size).toBe(BigInt(leaves.length));
        expect(continued.root().equals(naiveRoot(leaves))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('is refused to a range that lost a subtree', () => {
    expect(() => new CompactRange(3n, [Buffer.alloc(32)])).toThrow('2 hashes, not 1');
  });
});
