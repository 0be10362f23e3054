import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { projectPath } from '../../kernel/project-path.js';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
}

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

/** The files of the page, by the name they are served under: from installed packages and our own folder, no CDN. */
export async function loadGraphiqlAssets(): Promise<ReadonlyMap<string, Asset>> {
  const require = createRequire(import.meta.url);
  const folderOf = (specifier: string): string => dirname(require.resolve(specifier));
  const graphqlWs = join(folderOf('graphql-ws'), 'client.js');
  // Scripts and styles of the page are not compiled: they stay among the sources.
  const page = projectPath('gateway', 'graphiql', 'page');
  const files: [name: string, file: string, type: string][] = [
    ['react.js', join(folderOf('react/package.json'), 'umd/react.production.min.js'), JAVASCRIPT],
    ['react-dom.js', join(folderOf('react-dom/package.json'), 'umd/react-dom.production.min.js'), JAVASCRIPT],
    ['graphiql.js', join(folderOf('graphiql/package.json'), 'graphiql.min.js'), JAVASCRIPT],
    ['graphiql.css', join(folderOf('graphiql/package.json'), 'graphiql.min.css'), CSS],
    ['graphql-ws.js', graphqlWs, JAVASCRIPT],
    ...(await importedChunks(graphqlWs)).map((file): [string, string, string] => [basename(file), file, JAVASCRIPT]),
    ['page.js', join(page, 'page.js'), JAVASCRIPT],
    ['page.css', join(page, 'page.css'), CSS],
  ];
  const loaded = await Promise.all(
    files.map(async ([name, file, type]) => [name, await loadAsset(file, type)] as const),
  );
  return new Map(loaded);
}

async function loadAsset(file: string, type: string): Promise<Asset> {
  const body = await readFile(file);
  const gzipped = await promisify(gzip)(body);
  return { type, body, gzipped, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** Modules that a module of a package imports from beside it: their names hold a hash of their content. */
async function importedChunks(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  const names = [...text.matchAll(/from '\.\/([\w-]+\.js)'/g)].map(([, name = '']) => name);
  return [...new Set(names)].map((name) => join(dirname(file), name));
}
