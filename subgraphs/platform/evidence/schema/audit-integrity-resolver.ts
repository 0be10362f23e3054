import { Arg, Ctx, Field, InputType, Int, Query, Resolver } from 'type-graphql';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import type { Database } from '../../../../kernel/database/database.js';
import { PlatformError } from '../../../../kernel/errors/platform-error.js';
import { Access, Cost, Tag } from '../../../../kernel/federation/directives.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { BigIntScalar } from '../../../../kernel/graphql/scalars.js';
import { LAG_SECONDS_ALARM, readAuditLag } from '../store/audit-lag.js';
import { verifyAuditLog } from '../usecases/verify-audit-log.js';
import { AuditIntegrity, AuditVerificationType } from './audit-integrity-type.js';

@InputType({ description: 'A tree size and root that somebody wrote down before.' })
class AuditCheckpointInput {
  @Field(() => BigIntScalar, { description: 'How many records the log had.' })
  treeSize!: bigint;
  @Field(() => String, { description: 'The root over them, in hexadecimal.' })
  rootHash!: string;
}

interface HeadRow extends Record<string, unknown> {
  readonly treeSize: bigint;
  readonly root: Buffer;
  readonly firstIndex: bigint | null;
  readonly sequencedAt: Date | null;
}

const READ = 'evidence.audit_log.read';
const VERIFY = 'evidence.audit_log.verify';
const RECORDS_MAX = 1_000_000;

@Resolver()
export class AuditIntegrityResolver {
  readonly #database: Database;

  constructor(deps: { database: Database }) {
    this.#database = deps.database;
  }

  @Query(() => AuditIntegrity, { description: 'How the audit log stands: its size, its root and its lag.' })
  @Tag('operator')
  @Access(READ)
  async auditIntegrity(@Ctx() context: RequestContext): Promise<AuditIntegrity> {
    await context.require(READ, PLATFORM_SCOPE);
    return this.#database.read('system', async (tx) => {
      const head = await tx.row<HeadRow>(
        `select h.tree_size as "treeSize", h.root, b.first_index as "firstIndex", b.sequenced_at as "sequencedAt"
         from evidence.audit_head h left join evidence.audit_batches b on b.tree_size = h.tree_size`,
      );
      if (head === null) throw new Error('evidence.audit_head has no row');
      const lag = await readAuditLag(tx);
      return {
        treeSize: head.treeSize,
        rootHash: head.root.toString('hex'),
        lastBatchFirstIndex: head.firstIndex,
        lastBatchAt: head.sequencedAt,
        pendingRecords: lag.pendingRecords,
        lagSeconds: Math.floor(lag.lagSeconds),
        lagSecondsAlarm: LAG_SECONDS_ALARM,
        isLagging: lag.lagSeconds > LAG_SECONDS_ALARM,
      };
    });
  }

  @Query(() => AuditVerificationType, {
    description: 'Recomputes every body, leaf and root of the audit log, and reports the first fault.',
  })
  @Tag('operator')
  @Access(VERIFY)
  @Cost(500)
  async auditVerification(
    @Arg('recordsMax', () => Int, {
      defaultValue: 100_000,
      description: 'Bound of the work, 1 to 1,000,000 records from the first on.',
    })
    recordsMax: number,
    @Arg('checkpoint', () => AuditCheckpointInput, {
      nullable: true,
      description: 'Proves besides that the log still begins as it did then.',
    })
    checkpoint: AuditCheckpointInput | undefined,
    @Ctx() context: RequestContext,
  ): Promise<AuditVerificationType> {
    await context.require(VERIFY, PLATFORM_SCOPE);
    if (recordsMax < 1 || recordsMax > RECORDS_MAX)
      throw new PlatformError('BAD_USER_INPUT', `"recordsMax" must be from 1 to ${RECORDS_MAX}`, {
        field: ['recordsMax'],
      });
    return verifyAuditLog(this.#database, { recordsMax: BigInt(recordsMax), checkpoint: checkpoint ?? undefined });
  }
}
