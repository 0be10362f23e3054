import { readFile } from 'node:fs/promises';
import { type GraphQLSchema, buildSchema, parse } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { AUDIENCES, type Audience } from '../../kernel/federation/audience.js';
import { projectPath } from '../../kernel/project-path.js';
import { departures } from '../conventions.js';
import { registeredDocuments } from '../documents/registered-documents.js';
import { audienceFaults } from './audiences.js';
import { descriptionFindings } from './descriptions.js';
import { documentFindings } from './document-findings.js';
import { graphOf } from './graph-changes.js';
import { lintFindings } from './lint.js';

let api: string;
beforeAll(async () => {
  api = await readFile(projectPath('schema', 'api.graphql'), 'utf8');
});

const everyAudience = (schema: GraphQLSchema): ReadonlyMap<Audience, GraphQLSchema> =>
  new Map(AUDIENCES.map((audience) => [audience, schema]));

const messages = (findings: readonly { readonly message: string }[]): string[] =>
  findings.map(({ message }) => message);

describe('registered documents', () => {
  it('are those of the SDK, the tabs of the console and the guides', async () => {
    const documents = await registeredDocuments();
    const count = (origin: string): number => documents.filter((document) => document.origin === origin).length;
    expect(count('sdk')).toBeGreaterThan(5);
    expect(count('console')).toBeGreaterThan(5);
    expect(count('guide')).toBeGreaterThan(10);
    expect(messages(documentFindings(everyAudience(graphOf(api)), documents))).toEqual([]);
  });

  it('tell by file and line what a removed field breaks', async () => {
    const without = api.replace(/(type Allocation [^{]*\{[^}]*?)"""[^"]*"""\n {2}whyPending: WhyPending\n/, '$1');
    expect(without).not.toBe(api);
    const found = messages(documentFindings(everyAudience(graphOf(without)), await registeredDocuments()));
    expect(found.length).toBeGreaterThan(0);
    for (const message of found) {
      const [, file = '', line = ''] = /^([^:]+):(\d+) \(.+\): Cannot query field "whyPending"/.exec(message) ?? [];
      const lines = (await readFile(projectPath(file), 'utf8')).split('\n');
      expect(lines[Number(line) - 1]).toContain('whyPending');
    }
    expect(new Set(found.map((message) => message.split('/', 1)[0])).size).toBeGreaterThan(1);
  });

  it('of guides for the public must not ask for what is for operators', async () => {
    const documents = (await registeredDocuments()).filter(({ file }) => file === 'docs/operator.md');
    const shown = graphOf(await readFile(projectPath('schema', 'contracts', 'public.graphql'), 'utf8'));
    const asPublic = documents.map((document) => ({ ...document, audience: 'public' as const }));
    expect(messages(documentFindings(new Map([['public', shown]]), asPublic)).join('\n')).toMatch(
      /docs\/operator\.md:\d+ \(query PlatformNow\): Cannot query field "computeNodes"/,
    );
  });

  it('are noticed, not refused, where they use what is deprecated', () => {
    const schema = buildSchema('type Query { old: Int @deprecated(reason: "Use `Query.new`.") new: Int }');
    const document = {
      origin: 'guide',
      file: 'docs/a.md',
      line: 10,
      text: 'query A {\n  old\n}',
      unit: 'a',
      audience: 'public',
    } as const;
    expect(documentFindings(everyAudience(schema), [document])).toEqual([
      {
        level: 'notice',
        check: 'registered documents',
        message: expect.stringMatching(/^docs\/a\.md:11 \(query A\): .*deprecated/),
      },
    ]);
  });
});

describe('descriptions', () => {
  it('are missed on types, fields, arguments, input fields and enum values', () => {
    const schema = buildSchema(`
      type Query { thing(id: ID!): Thing }
      type Thing { size: Size }
      enum Size { BIG }
      input Where { size: Size }`);
    expect(messages(descriptionFindings(schema)).map((message) => message.replace(' has no description', ''))).toEqual(
      expect.arrayContaining([
        'Query.thing',
        'Query.thing.id',
        'Thing',
        'Thing.size',
        'Size',
        'Size.BIG',
        'Where',
        'Where.size',
      ]),
    );
  });

  it('must not only repeat the name', () => {
    const schema = buildSchema(`
      type Query {
        "The display name of the thing."
        displayName: String
        "A name for people, of at most 60 characters."
        title: String
        "The gpu count."
        gpuCount: Int
      }`);
    expect(messages(descriptionFindings(schema))).toEqual([
      'Query.gpuCount: its description only repeats its name: "The gpu count."',
    ]);
  });
});

describe('audiences', () => {
  const faultsOf = (sdl: string, roles: Record<string, string[]> = {}): string[] =>
    audienceFaults(parse(sdl), new Map(Object.entries(roles)));

  it('are missed on a field whose type has none either', () => {
    expect(faultsOf('type Query { a: Int b: Int @tag(name: "public") }')).toEqual([
      'Query.a is for nobody: tag it, or its type, with an audience',
    ]);
  });

  it('are one for each field', () => {
    expect(faultsOf('type Query { a: Int @tag(name: "public") @tag(name: "operator") }')).toEqual([
      'Query.a has more than one audience: public, operator',
    ]);
    expect(faultsOf('type A @tag(name: "public") { a: Int @tag(name: "operator") @tag(name: "beta") }')).toEqual([]);
  });

  it('do not lead from a field to a type for a wider audience', () => {
    const found = faultsOf(
      'type Query { a: A @tag(name: "public") } type A @tag(name: "operator") { b: Int @tag(name: "public") }',
    );
    expect(found).toEqual([
      'Query.a is public and answers A, which is operator',
      'A.b is public, its type operator: a field is not for more than its type is',
    ]);
  });

  it('are operators where only roles of the platform hold the permission', () => {
    const sdl = 'type Query { a: Int @tag(name: "public") @access(permission: "x.y.z") }';
    expect(faultsOf(sdl, { 'x.y.z': ['platform_viewer'] })).toEqual([
      'Query.a is public, and only platform_viewer hold x.y.z',
    ]);
    expect(faultsOf(sdl, { 'x.y.z': ['platform_viewer', 'project_viewer'] })).toEqual([]);
  });
});

describe('names', () => {
  it('that depart from the conventions of the field are found by the linter', async () => {
    const found = messages(
      await lintFindings(
        'type Query { get_things: String } "Things." enum Kind { big } "Where." input Filter { a: Kind }',
        {},
      ),
    ).join('\n');
    expect(found).toMatch(/get_things/);
    expect(found).toMatch(/"big".*UPPER_CASE/);
    expect(found).toMatch(/"Filter".*Input/);
  });

  it('that are connections, but not of Relay, are found by the linter', async () => {
    const sdl = `type Query { "All." things: ThingConnection } "A page." type ThingConnection { "They." edges: [String!] }`;
    expect(messages(await lintFindings(sdl, {})).join('\n')).toMatch(/relay-connection-types.*pageInfo/);
  });

  it('that depart from our own conventions are found by ours', () => {
    const schema = buildSchema('type Query { created: DateTime enabled: Boolean cost: Float } scalar DateTime');
    expect(departures(schema)).toEqual(['time Query.created', 'boolean Query.enabled', 'money Query.cost']);
  });

  it('excepted with a reason that nothing needs any more are found', async () => {
    expect(messages(await lintFindings('type Query { a: Int }', { 'no-typename-prefix: x': 'because' }))).toContain(
      'an exception is no longer needed: no-typename-prefix: x',
    );
  });
});
