import type { Plugin } from 'esbuild';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * `node processes/build.ts [FOLDER [ENTRY…]]` bundles what runs, or what is given, with its dependencies into `dist`, or
 * the folder: a few files to find and to compile instead of three thousand make the start twice as fast. Does nothing
 * where nothing has changed since. Types are checked elsewhere (`npm run typecheck`).
 */
const ROOT = path.resolve(import.meta.dirname, '..');
const DIRECTORY = path.resolve(ROOT, process.argv[2] ?? 'dist');
const STAMP = path.join(DIRECTORY, 'build.json');
const RUN = ['processes/start.ts', 'processes/serve.ts', 'processes/gateway.ts'];
const GIVEN = process.argv.slice(3);
const ENTRIES = [...(GIVEN.length > 0 ? GIVEN : RUN), 'gateway/engine/planning/planner-entry.ts'];
/** type-graphql would load it to validate arguments, which we do ourselves; it is not installed. */
const NOT_BUNDLED = ['class-validator'];
/** For packages that are CommonJS still: they call `require` for what is built into Node.js. */
const REQUIRE = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`;
/** They change the bundle, and no file in it names them. Installed packages change with the first. */
const ALSO_READ = ['node_modules/.package-lock.json', 'package.json', 'processes/build.ts'];
/**
 * GraphQL types, and what the identity provider keeps, are named by their classes, which a bundle renames where two are
 * alike. To keep all names would cost every function that is made.
 */
const NAMED_BY_CLASS = /\/subgraphs\/.*\/schema\/.*\.ts$|\/kernel\/graphql\/.*\.ts$|\/oidc-provider\/lib\/.*\.js$/;
/** Running processes still load parts of the bundle that they were started from. */
const KEPT_MILLISECONDS = 24 * 3_600_000;

/** When what was bundled was modified, in milliseconds since 1970, by path. */
type Stamp = Readonly<Record<string, number>>;

function modifiedAt(file: string): number {
  return statSync(path.resolve(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function isUpToDate(): boolean {
  let stamp: Stamp;
  try {
    stamp = JSON.parse(readFileSync(STAMP, 'utf8')) as Stamp;
  } catch {
    return false;
  }
  return Object.entries(stamp).every(([file, at]) => modifiedAt(file) === at);
}

async function build(): Promise<void> {
  const { build: bundle, transform } = await import('esbuild');
  const { metafile, outputFiles } = await bundle({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES,
    outbase: '.',
    outdir: DIRECTORY,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    plugins: [keepingClassNames(transform)],
    external: NOT_BUNDLED,
    banner: { js: REQUIRE },
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  for (const { path: file, contents } of outputFiles) replace(file, contents);
  const bundled = Object.keys(metafile.inputs).filter((file) => !file.startsWith('node_modules/'));
  const stamp: Stamp = Object.fromEntries([...bundled, ...ALSO_READ].map((file) => [file, modifiedAt(file)]));
  replace(STAMP, JSON.stringify(stamp));
  removeOld(new Set([STAMP, ...outputFiles.map((file) => file.path)]));
}

function keepingClassNames(transform: typeof import('esbuild').transform): Plugin {
  const tsconfigRaw = readFileSync(path.join(ROOT, 'tsconfig.json'), 'utf8');
  return {
    name: 'keeping-class-names',
    setup: (esbuild) => {
      esbuild.onLoad({ filter: NAMED_BY_CLASS }, async ({ path: file }) => {
        const { code: contents } = await transform(readFileSync(file, 'utf8'), {
          loader: file.endsWith('.ts') ? 'ts' : 'js',
          target: 'node24',
          sourcefile: path.relative(ROOT, file),
          sourcemap: 'inline',
          sourcesContent: false,
          tsconfigRaw,
          keepNames: true,
        });
        return { contents, loader: 'js' };
      });
    },
  };
}

/** At once, for several components may be built and started at the same time. */
function replace(file: string, contents: string | Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const written = `${file}.${process.pid}`;
  writeFileSync(written, contents);
  renameSync(written, file);
}

function removeOld(built: ReadonlySet<string>): void {
  for (const entry of readdirSync(DIRECTORY, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isFile() || built.has(file) || modifiedAt(file) > Date.now() - KEPT_MILLISECONDS) continue;
    rmSync(file, { force: true });
  }
}

if (!isUpToDate()) await build();
