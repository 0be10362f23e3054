import { Arg, Args, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql';
import { PLATFORM_SCOPE } from '../../../../kernel/access/authority.js';
import { Access, Cost, ListSize, Tag } from '../../../../kernel/federation/directives.js';
import { type Connection, toConnection } from '../../../../kernel/graphql/connection.js';
import { type DomainEvent, domainEvents, pastEvents } from '../../../../kernel/graphql/domain-event.js';
import type { RequestContext } from '../../../../kernel/graphql/request-context.js';
import { Cursor } from '../../../../kernel/graphql/scalars.js';
import { BUNDLE_READ, bundleLoader, itemLoader, itemsLoader, listBundles } from '../store/bundle-queries.js';
import { addItem } from '../usecases/add-item.js';
import { createBundle } from '../usecases/create-bundle.js';
import { sealBundle } from '../usecases/seal-bundle.js';
import {
  EvidenceBundleCreateInput,
  EvidenceBundlePayload,
  EvidenceBundleSealInput,
  EvidenceBundlesArgs,
  EvidenceItemAddInput,
  EvidenceItemPayload,
} from './bundle-inputs.js';
import {
  EvidenceBundle,
  EvidenceBundleConnection,
  EvidenceEvent,
  EvidenceItem,
  toBundle,
  toItem,
} from './bundle-type.js';

@Resolver(() => EvidenceBundle)
export class BundleResolver {
  @Query(() => EvidenceBundleConnection, { description: 'Evidence bundles, newest first.' })
  @Tag('operator')
  @Access(BUNDLE_READ)
  @ListSize({
    assumedSize: 20,
    slicingArguments: ['first', 'last'],
    sizedFields: ['nodes', 'edges'],
    requireOneSlicingArgument: false,
  })
  async evidenceBundles(
    @Args(() => EvidenceBundlesArgs) args: EvidenceBundlesArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<EvidenceBundle>> {
    await context.require(BUNDLE_READ, PLATFORM_SCOPE);
    return toConnection(await listBundles(context, args), toBundle);
  }

  @Query(() => EvidenceBundle, {
    nullable: true,
    description: 'One bundle; null when there is none with this identifier.',
  })
  @Tag('operator')
  @Access(BUNDLE_READ)
  async evidenceBundle(
    @Arg('id', () => ID, { description: 'The bundle.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<EvidenceBundle | null> {
    await context.require(BUNDLE_READ, PLATFORM_SCOPE);
    return resolveBundle({ id }, context);
  }

  @Mutation(() => EvidenceBundlePayload, { description: 'Opens a bundle; it may take the place of an older one.' })
  @Tag('operator')
  @Access('evidence.bundle.create')
  evidenceBundleCreate(
    @Arg('input', () => EvidenceBundleCreateInput, { description: 'The bundle.' }) input: EvidenceBundleCreateInput,
    @Ctx() context: RequestContext,
  ): Promise<EvidenceBundlePayload> {
    return context.mutate(createBundle, input, async ({ id }) => ({ bundle: await resolveBundle({ id }, context) }));
  }

  @Mutation(() => EvidenceBundlePayload, { description: 'Seals a bundle: nothing can be added to it any more.' })
  @Tag('operator')
  @Access('evidence.bundle.seal')
  evidenceBundleSeal(
    @Arg('input', () => EvidenceBundleSealInput, { description: 'The bundle.' }) input: EvidenceBundleSealInput,
    @Ctx() context: RequestContext,
  ): Promise<EvidenceBundlePayload> {
    return context.mutate(sealBundle, input, async ({ id }) => ({ bundle: await resolveBundle({ id }, context) }));
  }

  @Mutation(() => EvidenceItemPayload, { description: 'Adds a piece of evidence to an open bundle.' })
  @Tag('operator')
  @Access('evidence.item.add')
  evidenceItemAdd(
    @Arg('input', () => EvidenceItemAddInput, { description: 'The item.' }) input: EvidenceItemAddInput,
    @Ctx() context: RequestContext,
  ): Promise<EvidenceItemPayload> {
    return context.mutate(addItem, input, async ({ id }) => ({ item: await resolveItem({ id }, context) }));
  }

  @FieldResolver(() => [EvidenceItem], { description: 'Its items, oldest first; at most 500.' })
  @Cost(2)
  @ListSize({ assumedSize: 50 })
  async items(
    @Root() bundle: EvidenceBundle,
    @Arg('includesSuperseded', () => Boolean, {
      defaultValue: false,
      description: 'Whether items that were superseded are shown too.',
    })
    includesSuperseded: boolean,
    @Ctx() context: RequestContext,
  ): Promise<EvidenceItem[]> {
    const items = ((await context.load(itemsLoader, bundle.id)) ?? []).map(toItem);
    return includesSuperseded ? items : items.filter((item) => !item.isSuperseded);
  }

  @FieldResolver(() => EvidenceBundle, { nullable: true, description: 'The bundle that took its place.' })
  supersededBy(@Root() bundle: EvidenceBundle, @Ctx() context: RequestContext): Promise<EvidenceBundle | null> | null {
    return bundle.successorId === null ? null : resolveBundle({ id: bundle.successorId }, context);
  }
}

@Resolver(() => EvidenceItem)
export class ItemResolver {
  @Query(() => EvidenceItem, { nullable: true, description: 'One item; null when there is none with this identifier.' })
  @Tag('operator')
  @Access(BUNDLE_READ)
  async evidenceItem(
    @Arg('id', () => ID, { description: 'The item.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<EvidenceItem | null> {
    await context.require(BUNDLE_READ, PLATFORM_SCOPE);
    return resolveItem({ id }, context);
  }

  @FieldResolver(() => EvidenceBundle, { nullable: true, description: 'The bundle it belongs to.' })
  bundle(@Root() item: EvidenceItem, @Ctx() context: RequestContext): Promise<EvidenceBundle | null> {
    return resolveBundle({ id: item.bundleId }, context);
  }
}

export async function resolveBundle(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<EvidenceBundle | null> {
  const row = await context.load(bundleLoader, String(reference['id']));
  return row === null ? null : toBundle(row);
}

export async function resolveItem(
  reference: { readonly [key: string]: unknown },
  context: RequestContext,
): Promise<EvidenceItem | null> {
  const row = await context.load(itemLoader, String(reference['id']));
  return row === null ? null : toItem(row);
}

const TYPES = ['evidence.bundle.', 'evidence.item.'];

@Resolver(() => EvidenceEvent)
export class EvidenceEventResolver {
  @Subscription(() => EvidenceEvent, {
    description: 'Streams what happens to evidence bundles, from after a cursor or from now on.',
    subscribe: ({ args, context }) =>
      domainEvents(
        (context as RequestContext).stream({
          permission: BUNDLE_READ,
          scope: PLATFORM_SCOPE,
          filter: { types: TYPES },
          after: (args as { after?: string }).after,
        }),
      ),
  })
  @Tag('operator')
  evidenceEvents(
    @Arg('after', () => Cursor, { nullable: true, description: 'The last cursor seen.' }) _after: string | undefined,
    @Root() event: DomainEvent,
  ): EvidenceEvent {
    return event as EvidenceEvent;
  }

  @Query(() => [EvidenceEvent], {
    name: 'evidenceEvents',
    description: 'The same events as history, oldest first.',
  })
  @Tag('operator')
  @Access(BUNDLE_READ)
  @ListSize({ assumedSize: 50, slicingArguments: ['first'], requireOneSlicingArgument: false })
  async evidenceHistory(
    @Arg('after', () => Cursor, { nullable: true, description: 'Continue after this cursor.' }) after:
      | string
      | undefined,
    @Arg('first', () => Int, { defaultValue: 50, description: 'How many, 1 to 100.' }) first: number,
    @Ctx() context: RequestContext,
  ): Promise<EvidenceEvent[]> {
    await context.require(BUNDLE_READ, PLATFORM_SCOPE);
    return pastEvents(context, { types: TYPES }, { after, first });
  }

  @FieldResolver(() => EvidenceBundle, { nullable: true, description: 'The bundle, as it is now.' })
  async subject(@Root() event: EvidenceEvent, @Ctx() context: RequestContext): Promise<EvidenceBundle | null> {
    return event.subjectId === null ? null : resolveBundle({ id: event.subjectId }, context);
  }
}
