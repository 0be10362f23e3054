import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { projectPath } from '../../kernel/project-path.js';

const run = promisify(execFile);
const SECONDS_MAX = 60;

const RELAY_CONFIGURATION = {
  src: './src',
  schema: './schema.graphql',
  language: 'typescript',
  eagerEsModules: true,
  customScalarTypes: {
    Cursor: 'string',
    DateTime: 'string',
    Decimal: 'string',
    BigInt: 'string',
    JSONObject: '{ readonly [key: string]: unknown }',
  },
};
const TYPESCRIPT_CONFIGURATION = {
  extends: projectPath('tsconfig.json'),
  compilerOptions: { incremental: false, tsBuildInfoFile: null, types: [], lib: ['es2024', 'dom'] },
  include: ['src'],
  exclude: [],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'relay-client-'));
  await cp(projectPath('test', 'relay', 'client'), path.join(folder, 'src'), { recursive: true });
  await cp(projectPath('schema', 'contracts', 'public.graphql'), path.join(folder, 'schema.graphql'));
  await symlink(projectPath('node_modules'), path.join(folder, 'node_modules'));
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(path.join(folder, 'relay.config.json'), JSON.stringify(RELAY_CONFIGURATION));
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(TYPESCRIPT_CONFIGURATION));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

/** Runs a tool of the project in the client's folder; answers its output, whether it succeeds or not. */
async function tool(name: string, ...args: string[]): Promise<{ failed: boolean; output: string }> {
  try {
    const { stdout, stderr } = await run(projectPath('node_modules', '.bin', name), args, {
      cwd: folder,
      timeout: SECONDS_MAX * 1_000,
    });
    return { failed: false, output: stdout + stderr };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { failed: true, output: stdout + stderr };
  }
}

describe('a Relay client of the public graph', () => {
  it(
    'is compiled: objects by identifier, paged connections, refetching, mutations and streams',
    async () => {
      expect(await tool('relay-compiler', 'relay.config.json')).toMatchObject({ failed: false });
      const artifacts = await readdir(path.join(folder, 'src', '__generated__'));
      expect(artifacts.sort()).toEqual([
        'allocationFeedSubscription.graphql.ts',
        'allocationListPaginationQuery.graphql.ts',
        'allocationList_project.graphql.ts',
        'allocationRowRefetchQuery.graphql.ts',
        'allocationRow_allocation.graphql.ts',
        'launchButtonMutation.graphql.ts',
        'projectScreenQuery.graphql.ts',
      ]);
      const pagination = await readFile(
        path.join(folder, 'src', '__generated__', 'allocationListPaginationQuery.graphql.ts'),
        'utf8',
      );
      expect(pagination).toMatch(/node\(id: \$id\)/);
      expect(await tool('tsc', '-p', 'tsconfig.json')).toEqual({ failed: false, output: '' });
    },
    SECONDS_MAX * 2_000,
  );

  it(
    'cannot ask for what is for operators',
    async () => {
      const source = path.join(folder, 'src', 'allocation-row.ts');
      await writeFile(source, (await readFile(source, 'utf8')).replace('gpuCount', 'gpuCount node { id }'));
      const { failed, output } = await tool('relay-compiler', 'relay.config.json');
      expect(failed).toBe(true);
      expect(output).toMatch(/`Allocation` has no field `node`/);
      await cp(projectPath('schema', 'contracts', 'operator.graphql'), path.join(folder, 'schema.graphql'));
      expect(await tool('relay-compiler', 'relay.config.json')).toMatchObject({ failed: false });
    },
    SECONDS_MAX * 1_000,
  );
});
