import { readFileSync } from 'node:fs';
import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  type GraphQLOutputType,
} from 'graphql';
import { expect, it } from 'vitest';
import { readCostDirectives } from '../gateway/guard/cost/cost-directives.js';
import { projectPath } from '../kernel/project-path.js';
import { apiSchemaOf } from './api-schema.js';

const sdl = readFileSync(projectPath('schema', 'supergraph.graphql'), 'utf8');
const { listSizes } = readCostDirectives(parse(sdl));

interface OwnedField {
  readonly owner: string;
  readonly coordinate: string;
  readonly type: GraphQLOutputType;
}

const fields: OwnedField[] = Object.values(apiSchemaOf(sdl).getTypeMap()).flatMap((type) =>
  (isObjectType(type) || isInterfaceType(type)) && !type.name.startsWith('__')
    ? Object.values(type.getFields()).map((field) => ({
        owner: type.name,
        coordinate: `${type.name}.${field.name}`,
        type: field.type,
      }))
    : [],
);

/** Lists that are sized where their owner is answered: `Connection.nodes`. */
const sizedByOwner = new Set(
  fields.flatMap(({ coordinate, type }) =>
    (listSizes.get(coordinate)?.sizedFields ?? []).map((name) => `${getNamedType(type).name}.${name}`),
  ),
);

function isListOfObjects(type: GraphQLOutputType): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type) && isCompositeType(getNamedType(type));
}

it('every connection is sized by its page', () => {
  const connections = fields.filter(({ type }) => getNamedType(type).name.endsWith('Connection'));
  const faults = connections.filter(({ coordinate }) => {
    const size = listSizes.get(coordinate);
    const slices = [...(size?.slicingArguments ?? [])].sort().join();
    const sized = [...(size?.sizedFields ?? [])].sort().join();
    return slices !== 'first,last' || sized !== 'edges,nodes' || size?.assumedSize !== 20;
  });
  expect(faults.map(({ coordinate }) => coordinate)).toEqual([]);
  expect(connections.length).toBeGreaterThan(40);
});

it('no other list of objects is without bound', () => {
  const lists = fields.filter(({ coordinate, type }) => isListOfObjects(type) && !sizedByOwner.has(coordinate));
  const faults = lists.filter(({ coordinate }) => listSizes.get(coordinate)?.assumedSize === undefined);
  expect(faults.map(({ coordinate }) => coordinate)).toEqual([]);
  expect(lists.length).toBeGreaterThan(50);
});
