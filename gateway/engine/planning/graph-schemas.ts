import { printSchema } from '@apollo/federation-internals';
import { buildASTSchema, parse, print, type DocumentNode, type GraphQLSchema } from 'graphql';
import { DataNames } from '../plan/data-names.js';
import { subgraphsOf } from '../plan/join-directives.js';
import type { GraphPlanner } from './graph-planner.js';
import { nextTurn } from './next-turn.js';

/** A supergraph that was found valid, as text: what a process hands over about it. */
export interface ReadGraph {
  readonly supergraphSdl: string;
  readonly apiSdl: string;
}

/** What the gateway knows of a supergraph beside its planner. */
export interface GraphSchemas {
  /** The whole supergraph, with inaccessible and internal types. */
  readonly schema: GraphQLSchema;
  /** The graph as clients see it. */
  readonly apiSchema: GraphQLSchema;
  /** Service URL by subgraph name; empty for a subgraph without one. */
  readonly subgraphs: ReadonlyMap<string, string>;
  readonly dataNames: DataNames;
}

/** The graph as clients see it, with `@defer`. */
export function apiSdlOf(planner: GraphPlanner): string {
  const schema = planner.supergraph.apiSchema();
  return `${printSchema(schema)}\n${print(schema.deferDirective().toAST())}`;
}

/** Builds the schemas of a valid supergraph. Takes some hundredths of a second for each. */
export function buildGraphSchemas({ supergraphSdl, apiSdl }: ReadGraph): GraphSchemas {
  const supergraph = parseValid(supergraphSdl);
  return {
    schema: buildValid(supergraph),
    apiSchema: buildValid(parseValid(apiSdl)),
    subgraphs: subgraphsOf(supergraph),
    dataNames: new DataNames(supergraph),
  };
}

/** The same, with a turn of the event loop between the parts of the work. */
export async function buildGraphSchemasInTurns({ supergraphSdl, apiSdl }: ReadGraph): Promise<GraphSchemas> {
  const supergraph = parseValid(supergraphSdl);
  await nextTurn();
  const schema = buildValid(supergraph);
  await nextTurn();
  const api = parseValid(apiSdl);
  await nextTurn();
  const apiSchema = buildValid(api);
  await nextTurn();
  return { schema, apiSchema, subgraphs: subgraphsOf(supergraph), dataNames: new DataNames(supergraph) };
}

function parseValid(sdl: string): DocumentNode {
  return parse(sdl, { noLocation: true });
}

function buildValid(document: DocumentNode): GraphQLSchema {
  return buildASTSchema(document, { assumeValid: true, assumeValidSDL: true });
}
