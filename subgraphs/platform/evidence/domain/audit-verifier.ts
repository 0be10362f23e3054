import { canonicalJson } from '../../../../kernel/commands/canonical-hash.js';
import { auditColumns } from './audit-columns.js';
import type { AuditBody } from './audit-body.js';
import { auditLeaf } from './audit-leaf.js';
import { CompactRange, leafHash } from './merkle-tree.js';

export type AuditFaultKind =
  | 'record_missing'
  | 'body_missing'
  | 'body_altered'
  | 'columns_altered'
  | 'leaf_altered'
  | 'batch_missing'
  | 'root_altered'
  | 'head_altered'
  | 'tail_truncated'
  | 'record_unaccounted'
  | 'checkpoint_contradicted';

export interface AuditFault {
  readonly kind: AuditFaultKind;
  /** Where it was found: the record, or the last record of the batch. */
  readonly logIndex: bigint;
  readonly message: string;
}

export interface VerifiedRecord {
  readonly [column: string]: unknown;
  readonly logIndex: bigint;
  readonly commitment: Buffer;
  readonly leafHash: Buffer;
  readonly salt: Buffer | null;
  readonly body: string | null;
  readonly isErased: boolean;
  readonly columns: Readonly<Record<string, unknown>>;
}

export interface VerifiedBatch {
  readonly [column: string]: unknown;
  readonly firstIndex: bigint;
  readonly lastIndex: bigint;
  readonly root: Buffer;
}

export interface ClaimedHead {
  readonly treeSize: bigint;
  readonly root: Buffer;
  /** The position that the sequencer gave last. */
  readonly position: bigint;
  readonly checkpoint?: { readonly treeSize: bigint; readonly rootHash: string } | undefined;
}

/** Recomputes the log from its records, page by page in order, and stops at the first fault. */
export class AuditVerifier {
  readonly #claimed: ClaimedHead;
  readonly #range = new CompactRange();
  /** The first record that no batch covers yet. */
  #nextBatchFirst = 0n;
  #fault: AuditFault | null = null;
  erased = 0n;

  constructor(claimed: ClaimedHead) {
    this.#claimed = claimed;
    if (claimed.position !== claimed.treeSize) {
      this.#report(
        'head_altered',
        claimed.treeSize,
        `the sequencer gave ${claimed.position} positions, the tree claims ${claimed.treeSize} leaves`,
      );
    }
  }

  get fault(): AuditFault | null {
    return this.#fault;
  }

  get checked(): bigint {
    return this.#range.size;
  }

  get root(): Buffer {
    return this.#range.root();
  }

  /** Checks the records and batches that end below `to`, which continue where the last page ended. */
  check(records: readonly VerifiedRecord[], batches: readonly VerifiedBatch[], to: bigint): void {
    const byEnd = new Map(batches.map((batch) => [batch.lastIndex, batch]));
    for (const record of records) {
      if (this.#fault !== null) return;
      if (record.logIndex !== this.#range.size) break;
      this.#checkRecord(record);
      const batch = byEnd.get(record.logIndex);
      if (batch !== undefined) this.#checkBatch(batch);
      this.#checkCheckpoint();
    }
    if (this.#fault !== null || this.#range.size === to) return;
    const isTail = records.at(-1)?.logIndex === undefined || (records.at(-1)?.logIndex ?? 0n) < this.#range.size;
    const kind = isTail && to === this.#claimed.treeSize ? 'tail_truncated' : 'record_missing';
    this.#report(
      kind,
      this.#range.size,
      `record ${this.#range.size} is missing, and the tree claims ${this.#claimed.treeSize} leaves`,
    );
  }

  /** Checks the end of the log: the head, the last batch, and that nothing lies beyond it. */
  finish(recordsBeyond: bigint): void {
    if (this.#fault !== null) return;
    const { treeSize, root, checkpoint } = this.#claimed;
    if (this.#nextBatchFirst !== treeSize) {
      this.#report('batch_missing', this.#nextBatchFirst, `no batch covers record ${this.#nextBatchFirst}`);
    } else if (!this.#range.root().equals(root)) {
      this.#report('head_altered', treeSize, 'the root of the head is not the root of the records');
    } else if (recordsBeyond > 0n) {
      this.#report('record_unaccounted', treeSize, `${recordsBeyond} records lie beyond the end of the tree`);
    } else if (checkpoint !== undefined && checkpoint.treeSize > treeSize) {
      this.#report(
        'tail_truncated',
        treeSize,
        `the log has ${treeSize} records, and a checkpoint of ${checkpoint.treeSize} is known`,
      );
    }
  }

  #checkRecord(record: VerifiedRecord): void {
    const { logIndex, salt, body, commitment } = record;
    if (salt === null || body === null) {
      if (record.isErased) this.erased += 1n;
      else this.#report('body_missing', logIndex, `the body of record ${logIndex} is gone, and no erasure says why`);
    } else if (!auditLeaf(salt, body).commitment.equals(commitment)) {
      this.#report('body_altered', logIndex, `the body of record ${logIndex} is not the one that was committed to`);
    } else if (canonicalJson(auditColumns(JSON.parse(body) as AuditBody)) !== canonicalJson(record.columns)) {
      this.#report('columns_altered', logIndex, `the searchable columns of record ${logIndex} contradict its body`);
    }
    if (!leafHash(commitment).equals(record.leafHash)) {
      this.#report('leaf_altered', logIndex, `the leaf of record ${logIndex} is not the hash of its commitment`);
    }
    this.#range.append(record.leafHash);
  }

  #checkBatch(batch: VerifiedBatch): void {
    if (batch.firstIndex !== this.#nextBatchFirst) {
      this.#report('batch_missing', this.#nextBatchFirst, `no batch begins at record ${this.#nextBatchFirst}`);
    } else if (!this.#range.root().equals(batch.root)) {
      this.#report(
        'root_altered',
        batch.lastIndex,
        `the root of the batch that ends at record ${batch.lastIndex} is not that of the records`,
      );
    }
    this.#nextBatchFirst = batch.lastIndex + 1n;
  }

  #checkCheckpoint(): void {
    const { checkpoint } = this.#claimed;
    if (checkpoint?.treeSize !== this.#range.size || this.#range.root().toString('hex') === checkpoint.rootHash) return;
    this.#report(
      'checkpoint_contradicted',
      this.#range.size - 1n,
      `the first ${checkpoint.treeSize} records have another root than the checkpoint`,
    );
  }

  /** The first fault stays. */
  #report(kind: AuditFaultKind, logIndex: bigint, message: string): void {
    this.#fault ??= { kind, logIndex, message };
  }
}
