import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DateTime, JsonObject } from '../../../../kernel/graphql/scalars.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import type { EntryRecord } from '../store/product-queries.js';

export enum RegistryFamilyEnum {
  PERMISSION = 'permission',
  AUDIT_ACTION = 'audit_action',
  USAGE_UNIT = 'usage_unit',
  EVENT_TYPE = 'event_type',
  QUOTA_DIMENSION = 'quota_dimension',
  POLICY_KEY = 'policy_key',
  STATUS_COMPONENT = 'status_component',
  NODE_TYPE = 'node_type',
}
registerEnumType(RegistryFamilyEnum, {
  name: 'RegistryFamily',
  description: 'A kind of thing that must be registered before it counts.',
  valuesConfig: {
    PERMISSION: { description: 'What a role may hold; also the name of a command.' },
    AUDIT_ACTION: { description: 'What an audit record may say that was done.' },
    USAGE_UNIT: { description: 'What usage may be counted in.' },
    EVENT_TYPE: { description: 'What may be told in the event log.' },
    QUOTA_DIMENSION: { description: 'What may be limited by a quota.' },
    POLICY_KEY: { description: 'What may be decided by a policy value.' },
    STATUS_COMPONENT: { description: 'What has a health.' },
    NODE_TYPE: { description: 'Prefix of identifiers, and the GraphQL type it stands for.' },
  },
});

export enum RegistryEntryState {
  DRAFT = 'draft',
  ACTIVE = 'active',
  DEPRECATED = 'deprecated',
  RETIRED = 'retired',
}
registerEnumType(RegistryEntryState, {
  name: 'RegistryEntryState',
  description: 'Whether an entry counts.',
  valuesConfig: {
    DRAFT: { description: 'Not yet: its product is not in service.' },
    ACTIVE: { description: 'It counts.' },
    DEPRECATED: { description: 'It still counts for what runs.' },
    RETIRED: { description: 'No more; the id stays reserved.' },
  },
});

@ObjectType({ implements: Node, description: 'One registered thing: its owner, its version, its meaning.' })
@Key()
@Tag('public')
export class RegistryEntry extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `reg`.' })
  override id!: string;
  @Field(() => RegistryFamilyEnum, { description: 'What kind of thing it is.' })
  family!: string;
  @Field(() => String, { description: 'Its stable id, such as `gpu_hour` or `allocations.allocation.create`.' })
  key!: string;
  @Field(() => Int, { description: 'Rises when its definition changes.' })
  version!: number;
  @Field(() => RegistryEntryState, { description: 'Whether it counts.' })
  state!: string;
  @Field(() => JsonObject, { description: 'Its definition, as the packet of its product declares it.' })
  definition!: Record<string, unknown>;
  @Field(() => DateTime, { description: 'When it changed last.' })
  changedAt!: Date;
  /** Not in the schema; see the field `product`. */
  ownerId!: string;
}

export const RegistryEntryConnection = connectionType('RegistryEntry', () => RegistryEntry);

export function toRegistryEntry(row: EntryRecord): RegistryEntry {
  const { id, family, key, version, lifecycle, definition, changedAt, productId } = row;
  return { id, family, key, version, state: lifecycle, definition, changedAt, ownerId: productId };
}
