import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DomainEvent } from '../../../../kernel/graphql/domain-event.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import { type ComponentHealth, healthAt } from '../domain/component-health.js';
import type { ComponentRecord } from '../store/component-queries.js';

export enum ComponentHealthEnum {
  READY = 'ready',
  DEGRADED = 'degraded',
  UNAVAILABLE = 'unavailable',
  UNKNOWN = 'unknown',
}
registerEnumType(ComponentHealthEnum, {
  name: 'ComponentHealth',
  description: 'How a component is, as far as its last observation proves.',
  valuesConfig: {
    READY: { description: 'It works.' },
    DEGRADED: { description: 'It works with a fault or slowly.' },
    UNAVAILABLE: { description: 'It does not work.' },
    UNKNOWN: { description: 'Nothing was observed within its freshness.' },
  },
});

export enum ComponentFamily {
  CONTROL_PLANE = 'control_plane',
  WORKERS = 'workers',
  FLEET = 'fleet',
  DATA = 'data',
  EDGE = 'edge',
  EVIDENCE = 'evidence',
}
registerEnumType(ComponentFamily, {
  name: 'ComponentFamily',
  description: 'Which part of the platform a component belongs to.',
  valuesConfig: {
    CONTROL_PLANE: { description: 'The graph and its domains.' },
    WORKERS: { description: 'Background work.' },
    FLEET: { description: 'Nodes and what runs on them.' },
    DATA: { description: 'Databases and other stores.' },
    EDGE: { description: 'Gateways, sign-in, outside providers.' },
    EVIDENCE: { description: 'Audit, evidence and documents.' },
  },
});

@ObjectType({ implements: Node, description: 'A part of the platform whose health is watched.' })
@Key()
@Tag('public')
export class StatusComponent extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `cmp`.' })
  override id!: string;
  @Field(() => String, { description: 'Its own stable id, such as `gateway`.' })
  componentId!: string;
  @Field(() => String, { description: 'Its name for people.' })
  title!: string;
  @Field(() => ComponentFamily, { description: 'Which part of the platform it belongs to.' })
  family!: string;
  @Field(() => ComponentHealthEnum, { description: 'How it is now; `UNKNOWN` when the last observation is too old.' })
  health!: ComponentHealth;
  @Field(() => String, { nullable: true, description: 'What the last observation says, in one sentence.' })
  detail!: string | null;
  @Field(() => DateTime, { nullable: true, description: 'When it was observed last.' })
  observedAt!: Date | null;
  @Field(() => DateTime, { description: 'When its health changed last.' })
  healthChangedAt!: Date;
  @Field(() => Int, { description: 'How many seconds an observation counts.' })
  freshnessSeconds!: number;
  /** Not in the schema; see the field `product`. */
  ownerId!: string;
}

export const StatusComponentConnection = connectionType('StatusComponent', () => StatusComponent);

@ObjectType({ description: 'A change of the health of a status component.' })
@Tag('public')
export class StatusEvent extends DomainEvent {
  @Field(() => StatusComponent, { nullable: true, description: 'The component, as it is now.' })
  subject!: StatusComponent | null;
}

export function toStatusComponent(row: ComponentRecord): StatusComponent {
  const { id, componentId, title, family, detail, observedAt, freshnessSeconds } = row;
  const health = healthAt(row, row.readAt);
  // Between the moment an observation grew too old and the job that tells it, the change is dated by its cause.
  const isUntold = health === 'unknown' && row.announcedHealth !== 'unknown' && observedAt !== null;
  const healthChangedAt = isUntold ? new Date(observedAt.getTime() + freshnessSeconds * 1000) : row.healthChangedAt;
  return {
    id,
    componentId,
    title,
    family,
    health,
    detail,
    observedAt,
    healthChangedAt,
    freshnessSeconds,
    ownerId: row.productId,
  };
}
