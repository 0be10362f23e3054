import { ArgsType, Field, ID, InputType } from 'type-graphql';
import { PageArgs } from '../../../../kernel/graphql/page-arguments.js';
import { JsonObject } from '../../../../kernel/graphql/scalars.js';
import { AppExposureMode, AppInstanceState, AppRepairScope } from './apps-enums.js';

const KEY = { nullable: true, description: 'One per logical mutation; a replay answers with the first result.' };

@ArgsType()
export class AppInstancesArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: 'Only those of this project.' })
  projectId?: string;
  @Field(() => AppInstanceState, { nullable: true, description: 'Only those in this state.' })
  state?: string;
}

@InputType({ description: 'How one endpoint is to be reached.' })
export class AppExposureInput {
  @Field(() => String, { description: 'Name of the endpoint in the manifest.' })
  endpoint!: string;
  @Field(() => AppExposureMode, { description: 'One of the modes that the manifest offers.' })
  mode!: string;
}

@InputType({ description: 'A new app instance.' })
export class AppInstanceLaunchInput {
  @Field(() => ID, { description: 'The project that will own it.' })
  projectId!: string;
  @Field(() => String, { description: 'The app, by its slug such as `jupyterlab`.' })
  appSlug!: string;
  @Field(() => ID, { nullable: true, description: 'The version; the newest active one when left out.' })
  versionId?: string;
  @Field(() => ID, { description: 'An active allocation of the project, of a shape and size that the app accepts.' })
  allocationId!: string;
  @Field(() => String, { description: 'A name: 2 to 63 lower-case letters, digits and hyphens.' })
  name!: string;
  @Field(() => JsonObject, {
    nullable: true,
    description: 'Values for the parameters of the version. Never YAML, host paths, flags or credentials.',
  })
  parameters?: Record<string, unknown>;
  @Field(() => [AppExposureInput], {
    nullable: true,
    description: "How endpoints are to be reached, where not the manifest's first mode.",
  })
  exposure?: AppExposureInput[];
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'An app instance that something is asked of.' })
export class AppInstanceActionInput {
  @Field(() => ID, { description: 'The app instance.' })
  id!: string;
  @Field(() => String, KEY)
  idempotencyKey?: string;
}

@InputType({ description: 'A repair of a cluster app.' })
export class AppInstanceRepairInput extends AppInstanceActionInput {
  @Field(() => AppRepairScope, { nullable: true, description: 'How much of it; the whole when left out.' })
  repairScope?: string;
}

@InputType({ description: 'Another version, or other values, of an app instance.' })
export class AppInstanceUpgradeInput extends AppInstanceActionInput {
  @Field(() => ID, { description: 'The version it moves to; its own for other values only.' })
  versionId!: string;
  @Field(() => JsonObject, { nullable: true, description: 'New values; the present ones when left out.' })
  parameters?: Record<string, unknown>;
  @Field(() => [AppExposureInput], { nullable: true, description: 'How endpoints are to be reached.' })
  exposure?: AppExposureInput[];
}

@InputType({ description: 'An app instance that is to go.' })
export class AppInstanceDecommissionInput extends AppInstanceActionInput {
  @Field(() => String, { nullable: true, description: 'Why.' })
  reason?: string;
}

/** The list of exposures as the map that the commands take; nulls of optional fields as nothing. */
export function toCommandInput(input: { exposure?: AppExposureInput[] | undefined }): Record<string, unknown> {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null && value !== undefined));
  return {
    ...given,
    exposure: Object.fromEntries((input.exposure ?? []).map(({ endpoint, mode }) => [endpoint, mode])),
  };
}
