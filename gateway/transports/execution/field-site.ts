import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLField,
  GraphQLObjectType,
  GraphQLResolveInfo,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';
import type { ExecutionRun, Path } from './execution-run.js';

/** What all fields of an operation have in common. */
export interface OperationScope {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** Values of the variables of `@skip` and `@include`, for which this compilation holds. */
  readonly conditions: Readonly<Record<string, unknown>>;
  /** As the operation's. */
  readonly hiddenTypeNames: ReadonlySet<FieldNode> | undefined;
}

/** A field as it is selected: its nodes are those of the selections that are merged into it. */
export interface FieldSite {
  readonly scope: OperationScope;
  readonly parentType: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly responseName: string;
  readonly nodes: readonly FieldNode[];
}

/** The fourth argument of resolvers: a plain object, complete, because some spread or keep it. */
export function resolveInfoOf(site: FieldSite, run: ExecutionRun, path: Path): GraphQLResolveInfo {
  const { definition, scope } = site;
  return {
    fieldName: definition.name,
    fieldNodes: site.nodes,
    returnType: definition.type,
    parentType: site.parentType,
    path,
    schema: scope.schema,
    fragments: scope.fragments,
    rootValue: run.rootValue,
    operation: scope.operation,
    variableValues: run.variables,
  };
}

/** The name that messages give a field. */
export function coordinateOf({ definition, parentType }: FieldSite): string {
  return `${parentType.name}.${definition.name}`;
}
