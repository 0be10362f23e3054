import { readFile, readdir } from 'node:fs/promises';
import { type GraphQLSchema, type ObjectTypeDefinitionNode, Kind, buildSchema, isObjectType, parse } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectPath } from '../kernel/project-path.js';
import { nodePrefixes } from '../subgraphs/packets.js';

let schema: GraphQLSchema;
let subgraphs: ReadonlyMap<string, readonly ObjectTypeDefinitionNode[]>;

beforeAll(async () => {
  const text = async (file: string): Promise<string> => readFile(projectPath('schema', file), 'utf8');
  schema = buildSchema(await text('api.graphql'), { assumeValid: true, assumeValidSDL: true });
  const files = (await readdir(projectPath('schema', 'subgraphs'))).filter((file) => file !== 'node.graphql');
  subgraphs = new Map(
    await Promise.all(
      files.map(async (file) => {
        const { definitions } = parse(await text(`subgraphs/${file}`));
        return [file, definitions.filter((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION)] as const;
      }),
    ),
  );
});

const isNode = (type: ObjectTypeDefinitionNode): boolean =>
  type.interfaces?.some(({ name }) => name.value === 'Node') ?? false;

const hasKey = (type: ObjectTypeDefinitionNode): boolean =>
  type.directives?.some(({ name }) => name.value === 'key') ?? false;

describe('the composed graph', () => {
  it('finds by its prefix every type that is a Node', async () => {
    const types = new Set((await nodePrefixes()).values());
    const nodes = Object.values(schema.getTypeMap()).filter(
      (type) => isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node'),
    );
    expect(nodes.length).toBeGreaterThan(30);
    expect(nodes.map(({ name }) => name).filter((name) => !types.has(name))).toEqual([]);
  });
});

describe('the subgraphs', () => {
  it('give every Node the key by which others refer to it, and one owner', () => {
    const owned = [...subgraphs.values()].flat().filter(isNode);
    expect(owned.filter((type) => !hasKey(type)).map(({ name }) => name.value)).toEqual([]);
    expect(new Set(owned.map(({ name }) => name.value)).size).toBe(owned.length);
  });

  it('leave the description of an entity to its owner', () => {
    const owned = new Set(
      [...subgraphs.values()]
        .flat()
        .filter(isNode)
        .map(({ name }) => name.value),
    );
    const stubs = [...subgraphs].flatMap(([file, types]) =>
      types.filter((type) => owned.has(type.name.value) && !isNode(type)).map((type) => ({ file, type })),
    );
    const described = stubs.filter(
      ({ type }) => type.description ?? type.fields?.find(({ name }) => name.value === 'id')?.description,
    );
    expect(stubs.length).toBeGreaterThan(10);
    expect(described.map(({ file, type }) => `${file} ${type.name.value}`)).toEqual([]);
  });
});
