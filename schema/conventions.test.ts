import { readFile, readdir } from 'node:fs/promises';
import { type GraphQLSchema, type ObjectTypeDefinitionNode, Kind, buildSchema, isObjectType, parse } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectPath } from '../kernel/project-path.js';
import { nodePrefixes } from '../subgraphs/packets.js';
import { departures } from './conventions.js';

/** Where the graph departs from the conventions with intent, and why. One that is no longer needed fails. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'boolean AllocationCreateInput.waitForCapacity': 'an instruction, not a fact',
  'boolean AppWorkItem.observesFirst': 'an instruction to the worker, not a fact',
  'boolean EvidenceBundle.items.includesSuperseded': 'says what the list holds',
  'connection Allocation.sshKeys': 'those it was made with: at most 20 may sign in',
  'connection Allocation.appInstances': 'the newest 20',
  'connection AppInstance.endpoints': 'those of its manifest, which is bounded',
  'connection AppInstance.workItems': 'the newest 20',
  'connection AppInstance.modelEndpoints': 'at most one for each of its endpoints',
  'connection BillingAccount.budgets': 'at most one per period',
  'connection EvidenceBundle.items': 'what is sealed is read as one whole: at most 500',
  'connection Incident.components': 'at most 50',
  'connection Project.budgets': 'at most one per period',
  'connection Project.quotas': 'one for each registered dimension in use: at most 200',
  'connection Query.builtInRoles': 'a list of the release',
  'connection Query.nodes': 'as Relay has it: one answer per identifier given',
  'connection ServiceAccount.keys': 'the last 20; two are active at most',
  'connection StatusComponent.openIncidents': 'at most 20',
  'connection UsageRecord.transfers': 'the two or three that posted one record',
  'enum AppLateReport.verb': 'the word of a worker, kept as evidence',
  'enum AppMember.status': 'the word of a worker: each app has its own',
  'enum AppMemberInput.status': 'the word of a worker: each app has its own',
  'enum NodeTask.type': 'agents bring kinds of tasks of their own',
  'enum SshKey.type': 'named by OpenSSH, which adds to them',
  'lifecycle Product.stateReason': 'packets lead its state: its registry entries say why',
  'money BudgetSetInput.amount': 'in the currency of the account: a caller cannot choose',
  'money CreditGrantInput.amount': 'in the currency of the account: a caller cannot choose',
  'money CreditTopUpInput.amount': 'in the currency of the account: a caller cannot choose',
  'money Money.amount': 'Money itself',
  'name creditGrant': 'credit is money, not an entity',
  'name creditTopUp': 'credit is money, not an entity',
  'name memberInvite': 'a member is a user at an organization',
  'name memberRemove': 'a member is a user at an organization',
  'name packetRegister': 'a packet is a document that registers many things',
};

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
  it('departs from the API conventions only where an exception says why', () => {
    expect(departures(schema).filter((departure) => EXCEPTIONS[departure] === undefined)).toEqual([]);
  });

  it('needs every exception that there is', () => {
    const found = new Set(departures(schema));
    expect(Object.keys(EXCEPTIONS).filter((exception) => !found.has(exception))).toEqual([]);
  });

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
