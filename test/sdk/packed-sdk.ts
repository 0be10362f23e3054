import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { projectPath } from '../../kernel/project-path.js';

const execute = promisify(execFile);

/** An empty project that has the packed SDK installed and nothing else. */
export interface ConsumerProject {
  readonly folder: string;
  /** Paths inside the tarball. */
  readonly files: readonly string[];
  /** Answers what the repository's compiler says of these TypeScript files: empty when it is content. */
  typeCheck(files: ReadonlyMap<string, string>): Promise<string>;
  remove(): Promise<void>;
}

/** Builds and packs the SDK in a temporary folder, and installs the tarball without a network. */
export async function installPackedSdk(): Promise<ConsumerProject> {
  const root = await mkdtemp(path.join(tmpdir(), 'gpu-control-plane-sdk-'));
  const [source, folder] = [path.join(root, 'sdk'), path.join(root, 'consumer')];
  await mkdir(source);
  await mkdir(folder);
  for (const file of ['package.json', 'README.md', 'LICENSE'])
    await cp(projectPath('codegen', 'sdk', file), path.join(source, file));
  const outcome = await compile(
    ['-p', projectPath('codegen', 'sdk', 'tsconfig.json'), '--outDir', path.join(source, 'dist')],
    root,
  );
  if (outcome !== '') throw new Error(`the SDK does not compile:\n${outcome}`);
  // Not the package's own build script: it would write into the repository, where tests of other files may read.
  const packed = await execute('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', root], {
    cwd: source,
  });
  const [tarball] = Object.values(JSON.parse(packed.stdout) as Record<string, Packed>);
  if (tarball === undefined) throw new Error('npm packed nothing');
  await writeFile(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  );
  await execute('npm', ['install', '--offline', '--no-audit', '--no-fund', path.join(root, tarball.filename)], {
    cwd: folder,
  });
  return {
    folder,
    files: tarball.files.map((file) => file.path),
    typeCheck: (files) => typeCheck(folder, files),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Names of the packages that the project has. */
export async function installedPackages(project: ConsumerProject): Promise<string[]> {
  const names = await readdir(path.join(project.folder, 'node_modules'));
  return names.filter((name) => !name.startsWith('.'));
}

async function typeCheck(folder: string, files: ReadonlyMap<string, string>): Promise<string> {
  for (const [name, text] of files) await writeFile(path.join(folder, name), text);
  const types = path.join(folder, 'types');
  await mkdir(types, { recursive: true });
  await symlink(projectPath('node_modules', '@types', 'node'), path.join(types, 'node')).catch(() => {});
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022'];
  return compile(
    [...options, '--types', 'node', '--typeRoots', types, '--noUncheckedIndexedAccess', ...files.keys()],
    folder,
  );
}

async function compile(options: readonly string[], folder: string): Promise<string> {
  const compiler = projectPath('node_modules', '.bin', 'tsc');
  return execute(compiler, options, { cwd: folder }).then(
    () => '',
    (error: { stdout?: string; message: string }) => error.stdout ?? error.message,
  );
}
