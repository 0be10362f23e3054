import { type FieldNode, type GraphQLObjectType, type GraphQLSchema, type SelectionSetNode } from 'graphql';
import { fragmentsOf } from '../../document-fragments.js';
import { LRUCache } from 'lru-cache';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import { conditionVariables } from '../../transports/execution/condition-variables.js';
import type { GatewayOperation, Variables } from '../engine.js';
import { introspect } from '../introspection.js';
import type { JsonObject } from '../json.js';
import type { ObjectLayout } from '../plan/data-layout.js';
import type { DataNames } from '../plan/data-names.js';
import type { GraphSchemas } from '../planning/graph-schemas.js';
import { readyMade } from './ready-made.js';
import { shapeObject, type ShapeScope } from './response-shape.js';
import type { Completer } from './completion.js';
import { ANOMALY, straightShape, type ReadyLayout, type StraightShape } from './straight-shape.js';

/** How many sets of values of its `@skip`, `@include` and `@defer` variables an operation keeps compiled shapes for. */
const SHAPES_MAX = 16;

const CONDITIONAL = new Set(['skip', 'include', 'defer']);

/** The shape of an operation's response, for one set of values of the variables that decide what is in it. */
export class ResponseShape {
  readonly #scope: ShapeScope;
  readonly #rootType: GraphQLObjectType;
  readonly #selectionSets: readonly SelectionSetNode[];
  #layout: ReadyLayout | undefined;
  #straight: StraightShape | undefined;
  #ready: StraightShape | undefined;
  #exact: Completer | undefined;

  constructor(scope: ShapeScope, rootType: GraphQLObjectType, operation: GatewayOperation) {
    this.#scope = scope;
    this.#rootType = rootType;
    this.#selectionSets = [operation.definition.selectionSet];
  }

  /** Finds what of the data is ready made, and tells which names of types must be hidden for that. */
  expect(layout: ObjectLayout): ReadonlySet<FieldNode> {
    const { layouts, hiddenTypeNames } = readyMade(this.#scope, this.#rootType, this.#selectionSets, layout);
    if (layouts.size > 0) this.#layout = { of: layout, ready: layouts };
    return hiddenTypeNames;
  }

  /**
   * The response's data if nothing at all is wrong with it, else undefined. If `isWhole`, all of the layout that was
   * expected is there, and parts of the data may become parts of the response.
   */
  straight(data: JsonObject, isWhole: boolean): Record<string, unknown> | undefined {
    const shape = isWhole && this.#layout ? this.#shapeReady(this.#layout) : this.#shapeAny();
    try {
      return shape(data) as Record<string, unknown>;
    } catch (error) {
      if (error === ANOMALY) return undefined;
      throw error;
    }
  }

  #shapeReady(layout: ReadyLayout): StraightShape {
    return (this.#ready ??= straightShape(this.#scope, this.#rootType, this.#selectionSets, layout));
  }

  #shapeAny(): StraightShape {
    return (this.#straight ??= straightShape(this.#scope, this.#rootType, this.#selectionSets));
  }

  /** Shapes any data, and tells what is wrong. */
  get exact(): Completer {
    this.#exact ??= shapeObject(this.#scope, this.#rootType, this.#selectionSets);
    return this.#exact;
  }
}

/** The shapes of an operation's response. */
export class ResponseShapes {
  readonly #apiSchema: GraphQLSchema;
  readonly #supergraph: GraphQLSchema;
  readonly #dataNames: DataNames;
  readonly #operation: GatewayOperation;
  readonly #conditionVariables: readonly string[];
  readonly #shapes = new LRUCache<string, ResponseShape>({ max: SHAPES_MAX });

  readonly #isIncremental: boolean;

  /** Incremental are the shapes of an operation whose deferred fragments are answered later. */
  constructor(
    operation: GatewayOperation,
    { apiSchema, dataNames, schema }: Pick<GraphSchemas, 'apiSchema' | 'dataNames' | 'schema'>,
    isIncremental: boolean,
  ) {
    this.#isIncremental = isIncremental;
    this.#apiSchema = apiSchema;
    this.#supergraph = schema;
    this.#dataNames = dataNames;
    this.#operation = operation;
    this.#conditionVariables = conditionVariables(operation.document, CONDITIONAL);
  }

  /** The only shape, if no variable decides what is answered and the caller may see all of it. */
  get unconditional(): ResponseShape | undefined {
    const isConditional = this.#isIncremental || this.#conditionVariables.length > 0 || this.#operation.denials;
    return isConditional ? undefined : this.shapeFor({});
  }

  shapeFor(coercedVariables: Variables): ResponseShape {
    let key = '';
    for (const name of this.#conditionVariables) key += coercedVariables[name] === true ? '1' : '0';
    const known = this.#shapes.get(key);
    if (known) return known;
    const shape = this.#compile(coercedVariables);
    this.#shapes.set(key, shape);
    return shape;
  }

  #compile(coercedVariables: Variables): ResponseShape {
    const { definition, denials, document } = this.#operation;
    const rootType = this.#apiSchema.getRootType(definition.operation);
    if (!rootType) throw new PlatformError('GRAPHQL_VALIDATION_FAILED', `The graph has no ${definition.operation}.`);
    const scope: ShapeScope = {
      schema: this.#apiSchema,
      supergraph: this.#supergraph,
      dataNames: this.#dataNames,
      denials,
      isIncremental: this.#isIncremental,
      variables: this.#conditions(coercedVariables),
      fragments: fragmentsOf(document),
      introspect: (responseName, nodes, variables) =>
        introspect(this.#apiSchema, this.#operation, variables, nodes, responseName),
    };
    return new ResponseShape(scope, rootType, this.#operation);
  }

  /** Only what decides on fields: a shape is kept longer than the request, and must not hold on to its variables. */
  #conditions(coercedVariables: Variables): Variables {
    return Object.fromEntries(this.#conditionVariables.map((name) => [name, coercedVariables[name]]));
  }
}
