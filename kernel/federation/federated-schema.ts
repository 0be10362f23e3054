import 'reflect-metadata';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { printSchemaWithDirectives } from '@graphql-tools/utils';
import {
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  parse,
} from 'graphql';
import { buildSchemaSync, createResolversMap } from 'type-graphql';
import type { RequestContext } from '../graphql/request-context.js';

/** Finds an entity by its key. `null` when it does not exist or the caller may not see it. */
export type ReferenceResolver = (
  reference: { readonly __typename: string; readonly [key: string]: unknown },
  context: RequestContext,
  info: GraphQLResolveInfo,
) => unknown;

export interface SchemaParts {
  /** Instances of type-graphql resolver classes: made by the composition root, with their dependencies. */
  readonly resolvers: readonly object[];
  readonly references: Readonly<Record<string, ReferenceResolver>>;
  /** Types that no field leads to, such as implementations of an interface. */
  readonly orphanedTypes?: readonly (abstract new () => object)[];
}

export interface FederatedSchema {
  readonly schema: GraphQLSchema;
  readonly sdl: string;
}

const IMPORTS = [
  '@key',
  '@shareable',
  '@external',
  '@requires',
  '@provides',
  '@override',
  '@interfaceObject',
  '@composeDirective',
  '@inaccessible',
  '@tag',
  '@cost',
  '@listSize',
];

const HEADER = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.12", import: ${JSON.stringify(IMPORTS)})
  @link(url: "https://specs.gpu-control-plane.dev/access/v1.0", import: ["@access"])
  @composeDirective(name: "@access")

"""The caller must hold this permission at some scope. Checked at the gateway before planning, and at the exact scope by the subgraph."""
directive @access(permission: String!) on OBJECT | FIELD_DEFINITION

`;

const noPubSub = {
  publish: (): never => {
    throw new Error('streams come from the event log, not from a publisher in memory');
  },
  subscribe: (): never => {
    throw new Error('a subscription must name its own `subscribe`');
  },
};

/** Builds a Federation 2 subgraph from type-graphql resolver instances; the SDL is what composition reads. */
export function buildFederatedSchema(parts: SchemaParts): FederatedSchema {
  const instances = new Map(parts.resolvers.map((instance) => [instance.constructor, instance]));
  const base = buildSchemaSync({
    resolvers: [...instances.keys()] as unknown as [() => void],
    container: {
      get: (target: { readonly name?: string }) => {
        const instance = instances.get(target as never);
        if (instance === undefined) throw new Error(`no instance of resolver ${target.name ?? 'unknown'}`);
        return instance;
      },
    },
    orphanedTypes: [...(parts.orphanedTypes ?? [])],
    validate: false,
    // The schema that is made of it below is checked.
    skipCheck: true,
    pubSub: noPubSub,
  });
  const sdl = HEADER + printSchemaWithDirectives(base);
  const resolvers = createResolversMap(base) as Record<string, Record<string, unknown>>;
  for (const [type, resolve] of Object.entries(parts.references)) {
    resolvers[type] = { ...resolvers[type], __resolveReference: resolve };
  }
  const schema = buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }]);
  restore(base, schema);
  return { schema, sdl };
}

/** Building from SDL loses `extensions`, and computes default values before enums have their internal ones: copy both. */
function restore(base: GraphQLSchema, schema: GraphQLSchema): void {
  for (const [name, source] of Object.entries(base.getTypeMap())) {
    const target = schema.getType(name);
    if (target === undefined || name.startsWith('__') || isEnumType(target)) continue;
    if (isInputObjectType(target) && isInputObjectType(source)) {
      for (const [field, from] of Object.entries(source.getFields())) {
        const to = target.getFields()[field];
        if (to !== undefined) to.defaultValue = from.defaultValue;
      }
    }
    if ((isObjectType(target) || isInterfaceType(target)) && (isObjectType(source) || isInterfaceType(source))) {
      restoreArguments(source as GraphQLObjectType, target as GraphQLObjectType);
    }
  }
}

function restoreArguments(source: GraphQLObjectType, target: GraphQLObjectType): void {
  for (const [field, from] of Object.entries(source.getFields())) {
    const to = target.getFields()[field];
    if (to === undefined) continue;
    to.extensions = { ...from.extensions, ...to.extensions };
    for (const argument of to.args as readonly { name: string; defaultValue?: unknown }[]) {
      argument.defaultValue = from.args.find((candidate) => candidate.name === argument.name)?.defaultValue;
    }
  }
}
