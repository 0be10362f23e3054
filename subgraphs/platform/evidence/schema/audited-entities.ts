import { Args, Ctx, Field, FieldResolver, ID, ObjectType, Resolver, Root } from 'type-graphql';
import { Access, Cost, Key, ListSize } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { AUDIT_READ, type AuditSubject, auditRecordsOf } from '../store/audit-queries.js';
import { AuditRecord, AuditRecordConnection, toAuditRecord } from './audit-record-type.js';

interface Reference {
  readonly id: string;
}

/** Entities of other domains that evidence adds `auditRecords` to, and how their records are found. */
const AUDITED: Readonly<Record<string, AuditSubject>> = {
  Organization: 'organization',
  Project: 'project',
  Allocation: 'resource',
  AppInstance: 'resource',
  ModelRoute: 'resource',
  ServiceAccount: 'principal',
  User: 'principal',
};

const DESCRIPTIONS: Readonly<Record<AuditSubject, string>> = {
  organization: 'Audit records of everything in the organization, newest first.',
  project: 'Audit records of everything in the project, newest first.',
  resource: 'Audit records of what was done to it, newest first.',
  principal: 'Audit records of what it did and of what was done to it, newest first.',
};

interface AuditedEntity {
  /** No field of ours leads to it: only references do. */
  readonly type: new () => Reference;
  readonly resolver: object;
}

function auditedEntity(name: string, subject: AuditSubject): AuditedEntity {
  @ObjectType(name)
  @Key()
  class AuditedStub {
    @Field(() => ID)
    id!: string;
  }

  @Resolver(() => AuditedStub)
  class AuditedStubResolver {
    @FieldResolver(() => AuditRecordConnection, {
      nullable: true,
      description: `${DESCRIPTIONS[subject]} Null for those who may not read audit records at all.`,
    })
    @Access(AUDIT_READ)
    @Cost(2)
    @ListSize({
      assumedSize: 20,
      slicingArguments: ['first', 'last'],
      sizedFields: ['nodes', 'edges'],
      requireOneSlicingArgument: false,
    })
    async auditRecords(
      @Root() entity: Reference,
      @Args(() => PageArgs) page: PageArgs,
      @Ctx() context: RequestContext,
    ): Promise<Connection<AuditRecord> | null> {
      if (context.actor.kind === 'anonymous') return null;
      return toConnection(await auditRecordsOf(context, subject, entity.id, page), toAuditRecord);
    }
  }
  return { type: AuditedStub, resolver: new AuditedStubResolver() };
}

const entities = Object.entries(AUDITED).map(([name, subject]) => auditedEntity(name, subject));

export const auditedResolvers = entities.map(({ resolver }) => resolver);
export const auditedTypes = entities.map(({ type }) => type);

/** A reference is all that evidence knows of them; what the caller may not see, it has no readable records of. */
export const auditedReferences = Object.fromEntries(
  Object.keys(AUDITED).map((name) => [
    name,
    (reference: Readonly<Record<string, unknown>>): Reference => ({ id: String(reference['id']) }),
  ]),
);
