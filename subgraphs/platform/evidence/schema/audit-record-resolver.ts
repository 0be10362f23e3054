import { Arg, Args, ArgsType, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { Access, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { MutationPayload } from '../../../../kernel/graphql/shared-types.js';
import { AUDIT_READ, auditRecordLoader, listAuditRecords } from '../store/audit-queries.js';
import { eraseAuditRecord } from '../usecases/erase-audit-record.js';
import { AuditRecord, AuditRecordConnection, AuditResult, toAuditRecord } from './audit-record-type.js';

@ArgsType()
class AuditRecordsArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only records of this organization.' })
  organizationId?: string;
  @Field(() => ID, { nullable: true, description: 'Only records of this project.' })
  projectId?: string;
  @Field(() => ID, { nullable: true, description: 'Only what this principal did.' })
  actorId?: string;
  @Field(() => String, {
    nullable: true,
    description: 'Only this action, or a prefix that ends in a dot such as `allocations.`.',
  })
  action?: string;
  @Field(() => String, { nullable: true, description: 'Only what was done to this GraphQL type.' })
  targetType?: string;
  @Field(() => ID, { nullable: true, description: 'Only what was done to this object.' })
  targetId?: string;
  @Field(() => String, { nullable: true, description: 'Only what this request caused.' })
  correlationId?: string;
  @Field(() => AuditResult, { nullable: true, description: 'Only records with this result.' })
  result?: string;
  @Field(() => DateTime, { nullable: true, description: 'Only records from this moment on.' })
  occurredFrom?: Date;
  @Field(() => DateTime, { nullable: true, description: 'Only records before this moment.' })
  occurredBefore?: Date;
}

@InputType({ description: 'Which audit record to erase, and why.' })
class AuditRecordEraseInput {
  @Field(() => ID, { description: 'The record.' })
  id!: string;
  @Field(() => String, { description: 'Why, in 10 to 500 characters; kept for ever.' })
  reason!: string;
  @Field(() => String, {
    nullable: true,
    description: 'One per logical mutation; a replay answers with the first result.',
  })
  idempotencyKey?: string;
}

@ObjectType({ description: 'Answer to the erasure of an audit record.' })
@Tag('operator')
class AuditRecordErasePayload extends MutationPayload {
  @Field(() => AuditRecord, { nullable: true, description: 'What is left of the record; null when nothing was done.' })
  auditRecord!: AuditRecord | null;
}

/** Whoever may read records nowhere is told so (and that is audited), instead of being shown an empty list. */
export async function requireSomeReach(context: RequestContext): Promise<void> {
  context.requireSignIn();
  const { isEverywhere, organizationIds, departmentIds, projectIds } = await context.reach(AUDIT_READ);
  if (isEverywhere || organizationIds.length + departmentIds.length + projectIds.length > 0) return;
  await context.require(AUDIT_READ, PLATFORM_SCOPE);
}

@Resolver(() => AuditRecord)
export class AuditRecordResolver {
  @Query(() => AuditRecordConnection, {
    description: 'Audit records of whatever the caller may read them of, newest first.',
  })
  @Tag('public')
  @Access(AUDIT_READ)
  @ListSize({
    assumedSize: 20,
    slicingArguments: ['first', 'last'],
    sizedFields: ['nodes', 'edges'],
    requireOneSlicingArgument: false,
  })
  async auditRecords(
    @Args(() => AuditRecordsArgs) args: AuditRecordsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<AuditRecord>> {
    await requireSomeReach(context);
    return toConnection(await listAuditRecords(context, args), toAuditRecord);
  }

  @Query(() => AuditRecord, {
    nullable: true,
    description: "One record, such as that of a mutation's receipt; null when there is none with this identifier yet.",
  })
  @Tag('public')
  async auditRecord(
    @Arg('id', () => ID, { description: 'The record.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<AuditRecord | null> {
    context.requireSignIn();
    return resolveAuditRecord({ id }, context);
  }

  @Mutation(() => AuditRecordErasePayload, {
    description: 'Erases the body of an audit record, for ever: personal data must be erasable. The log stays whole.',
  })
  @Tag('operator')
  @Access('evidence.audit_record.erase')
  auditRecordErase(
    @Arg('input', () => AuditRecordEraseInput, { description: 'The record.' }) input: AuditRecordEraseInput,
    @Ctx() context: RequestContext,
  ): Promise<AuditRecordErasePayload> {
    return context.mutate(eraseAuditRecord, input, async ({ id }) => ({
      auditRecord: await resolveAuditRecord({ id }, context),
    }));
  }
}

export async function resolveAuditRecord(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<AuditRecord | null> {
  const row = await context.load(auditRecordLoader, String(reference['id']));
  return row === null ? null : toAuditRecord(row);
}
