import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { Key, Tag } from '../../../../kernel/federation/directives.js';
import { connectionType } from '../../../../kernel/graphql/connection.js';
import { DomainEvent } from '../../../../kernel/graphql/domain-event.js';
import { DateTime } from '../../../../kernel/graphql/scalars.js';
import { Node } from '../../../../kernel/graphql/shared-types.js';
import { incidentLifecycle } from '../domain/incident-lifecycle.js';
import type { IncidentRecord } from '../store/incident-queries.js';

export enum IncidentStateEnum {
  OPEN = 'open',
  INVESTIGATING = 'investigating',
  MITIGATED = 'mitigated',
  RESOLVED = 'resolved',
}
registerEnumType(IncidentStateEnum, {
  name: 'IncidentState',
  description: 'Where an incident stands.',
  valuesConfig: {
    OPEN: { description: 'Known, nobody works on it yet.' },
    INVESTIGATING: { description: 'The cause is being looked for.' },
    MITIGATED: { description: 'The effect is gone, the cause is not.' },
    RESOLVED: { description: 'Over, and recovery was verified.' },
  },
});

export enum IncidentSeverity {
  MINOR = 'minor',
  MAJOR = 'major',
  CRITICAL = 'critical',
}
registerEnumType(IncidentSeverity, {
  name: 'IncidentSeverity',
  description: 'How bad an incident is.',
  valuesConfig: {
    MINOR: { description: 'An inconvenience; there is a way around.' },
    MAJOR: { description: 'A function is lost or slow for many.' },
    CRITICAL: { description: 'The platform, or data, is at risk.' },
  },
});

export enum IncidentAction {
  INVESTIGATE = 'investigate',
  MITIGATE = 'mitigate',
  RESOLVE = 'resolve',
  REOPEN = 'reopen',
}
registerEnumType(IncidentAction, {
  name: 'IncidentAction',
  description: 'What can be done with an incident.',
  valuesConfig: {
    INVESTIGATE: { description: 'Begin to look for the cause.' },
    MITIGATE: { description: 'Declare that the effect is gone.' },
    RESOLVE: { description: 'Declare it over.' },
    REOPEN: { description: 'It came back.' },
  },
});

@ObjectType({ implements: Node, description: 'Something that is, or was, wrong with the platform; opened by hand.' })
@Key()
@Tag('public')
export class Incident extends Node {
  @Field(() => ID, { description: 'TypeID with the prefix `inc`.' })
  override id!: string;
  @Field(() => String, { description: 'What is wrong, in a few words.' })
  title!: string;
  @Field(() => String, { description: 'Who is impacted, and what is known.' })
  summary!: string;
  @Field(() => IncidentSeverity, { description: 'How bad it is.' })
  severity!: string;
  @Field(() => IncidentStateEnum, { description: 'Where it stands.' })
  state!: string;
  @Field(() => String, { nullable: true, description: 'Why it went to this state.' })
  stateReason!: string | null;
  @Field(() => DateTime, { description: 'When it went to this state.' })
  stateChangedAt!: Date;
  @Field(() => [IncidentAction], { description: 'What can be done with it now, given the right to.' })
  availableActions!: string[];
  @Field(() => DateTime, { description: 'When it was opened.' })
  createdAt!: Date;
  /** Not in the schema; see the field `components`. */
  componentIds!: string[];
}

export const IncidentConnection = connectionType('Incident', () => Incident);

@ObjectType({ description: 'Something that happened to an incident.' })
@Tag('public')
export class IncidentEvent extends DomainEvent {
  @Field(() => Incident, { nullable: true, description: 'The incident, as it is now.' })
  subject!: Incident | null;
}

export function toIncident(row: IncidentRecord): Incident {
  return { ...row, availableActions: [...incidentLifecycle.available(row.state)] };
}
