import { beforeAll, describe, expect, it } from 'vitest';
import { projectPath } from '../../kernel/project-path.js';
import { comparisonFindings } from './comparison.js';
import type { Finding } from './finding.js';
import { type SchemaFiles, readSchemaFiles } from './schema-files.js';

const TODAY = '2030-07-01';
const CHANGELOG = '# Changes\n\n- The first graph.\n';

let files: SchemaFiles;
beforeAll(async () => {
  files = await readSchemaFiles(projectPath('schema'));
});

/** The files with a text replaced in all of some; fails when there is nothing to replace. */
function edited(of: SchemaFiles, names: RegExp, from: RegExp | string, to: string): SchemaFiles {
  const edits = [...of].map(([name, text]) => [name, names.test(name) ? text.replace(from, to) : text] as const);
  if (edits.every(([name, text]) => of.get(name) === text)) throw new Error(`nothing to replace: ${String(from)}`);
  return new Map(edits);
}

async function compare(
  before: SchemaFiles,
  after: SchemaFiles,
  changelog = `${CHANGELOG}- One more.\n`,
): Promise<Finding[]> {
  return comparisonFindings({
    before: { title: 'before', files: before, changelog: CHANGELOG },
    after,
    changelog,
    today: TODAY,
  });
}

const faultsOf = (findings: readonly Finding[]): string[] =>
  findings.filter(({ level }) => level === 'fault').map(({ message }) => message);

const GRAPHS = /^(api|contracts\/.*|subgraphs\/allocations)\.graphql$/;
const GPU_COUNT_OF_ALLOCATION = /(type Allocation [^{]*\{[^}]*?)"""[^"]*"""\n {2}gpuCount: Int!\n/;
const GPU_COUNT = /"""[^"]*"""\n {2}gpuCount: Int!\n/;

describe('the comparison with an earlier schema', () => {
  it('finds nothing where nothing changed', async () => {
    expect(await compare(files, files)).toEqual([]);
  });

  it('names a removed field once, with every graph that loses it', async () => {
    const after = edited(files, GRAPHS, GPU_COUNT_OF_ALLOCATION, '$1');
    expect(faultsOf(await compare(files, after))).toEqual([
      'Field `gpuCount` was removed from object type `Allocation`: it was not deprecated before [api, contract operator, contract public, subgraph allocations]',
    ]);
  });

  it('lets a deprecated field go on the day that its reason named', async () => {
    const reason = 'Use `Allocation.sku`. Goes on 2030-07-01.';
    const before = edited(
      files,
      GRAPHS,
      /(type Allocation [^{]*\{[^}]*?gpuCount: Int!)/,
      `$1 @deprecated(reason: "${reason}")`,
    );
    const after = edited(files, GRAPHS, GPU_COUNT_OF_ALLOCATION, '$1');
    const findings = await compare(before, after);
    expect(faultsOf(findings)).toEqual([]);
    expect(findings.map(({ message }) => message).join()).toMatch(
      /`gpuCount` \(deprecated\) was removed.*as its deprecation announced/,
    );
  });

  it('holds a deprecated field until that day', async () => {
    const before = edited(
      files,
      GRAPHS,
      /(type Allocation [^{]*\{[^}]*?gpuCount: Int!)/,
      '$1 @deprecated(reason: "Use `Allocation.sku`. Goes on 2030-07-02.")',
    );
    const after = edited(files, GRAPHS, GPU_COUNT_OF_ALLOCATION, '$1');
    expect(faultsOf(await compare(before, after)).join()).toMatch(/`gpuCount`.*it goes on 2030-07-02, not before/);
  });

  it('finds a field that only the public loses', async () => {
    const after = edited(files, /^contracts\/public/, GPU_COUNT, '');
    expect(faultsOf(await compare(files, after)).join()).toMatch(/`gpuCount` was removed.*\[contract public\]/);
  });

  it('finds a key by which a subgraph no longer answers', async () => {
    const after = edited(
      files,
      /^subgraphs\/iam/,
      /(type Project implements Node )@key\(fields: "id"\)/,
      '$1@key(fields: "id", resolvable: false)',
    );
    expect(faultsOf(await compare(files, after))).toEqual([
      'Project is no longer found by its key `id`: gateways with an earlier supergraph ask for it [subgraph iam]',
    ]);
  });

  it('lets a field leave a subgraph when another had taken it over', async () => {
    const before = edited(
      files,
      /^subgraphs\/evidence/,
      /(type Project [^{]*\{\s*id: ID!)/,
      '$1 spendNote: String @override(from: "billing")',
    );
    const withField = edited(before, /^subgraphs\/billing/, /(type Project [^{]*\{\s*id: ID!)/, '$1 spendNote: String');
    expect(faultsOf(await compare(withField, before))).toEqual([]);
    expect(
      faultsOf(
        await compare(
          edited(files, /^subgraphs\/billing/, /(type Project [^{]*\{\s*id: ID!)/, '$1 spendNote: String'),
          files,
        ),
      ).join(),
    ).toMatch(/`spendNote` was removed.*\[subgraph billing\]/);
  });

  it('finds events that are gone, and data that may be absent', async () => {
    const gone = new Map([...files].filter(([name]) => name !== 'events/iam.role.created.json'));
    expect(faultsOf(await compare(files, gone))).toEqual([
      'Event `iam.role.created` was removed: it was not deprecated before [events]',
    ]);
    const optional = edited(files, /^events\/iam\.project\.renamed/, /"required": \[[^\]]*\]/, '"required": []');
    expect(faultsOf(await compare(files, optional)).join()).toMatch(/`iam\.project\.renamed\.\w+` may now be absent/);
  });

  it('demands a line in the log of changes for each change, which names what is dangerous', async () => {
    const after = edited(
      files,
      /^(api|contracts\/.*)\.graphql$/,
      'enum AllocationState {',
      'enum AllocationState {\n  """Parked."""\n  PARKED',
    );
    expect(faultsOf(await compare(files, after, CHANGELOG)).join()).toMatch(/no line was added to CHANGELOG\.md/);
    expect(faultsOf(await compare(files, after)).join()).toMatch(
      /needs a new line that names `AllocationState\.PARKED`/,
    );
    const named = `${CHANGELOG}- Allocations can be parked:\n  \`AllocationState.PARKED\`.\n`;
    expect(faultsOf(await compare(files, after, named))).toEqual([]);
  });

  it('demands of a deprecation a replacement that exists, and a day two quarters ahead', async () => {
    const deprecated = async (reason: string): Promise<string> =>
      faultsOf(
        await compare(
          files,
          edited(files, /^api/, /(type Allocation [^{]*\{[^}]*?gpuCount: Int!)/, `$1 @deprecated(reason: "${reason}")`),
        ),
      ).join();
    expect(await deprecated('Old.')).toMatch(/Allocation\.gpuCount: its reason has no date/);
    expect(await deprecated('Goes on 2031-01-01.')).toMatch(/has no replacement/);
    expect(await deprecated('Use `Allocation.units`. Goes on 2031-01-01.')).toMatch(/Allocation\.units does not exist/);
    expect(await deprecated('Use `Allocation.sku`. Goes on 2030-12-31.')).toMatch(/not before 2031-01-01 is allowed/);
    expect(await deprecated('Use `Allocation.sku`. Goes on 2031-01-01.')).toBe('');
    expect(await deprecated('No replacement: nobody asked. Goes on 2031-01-01.')).toBe('');
  });
});
