import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const directory = process.env['PEERS_DIRECTORY'] ?? '';
const require = createRequire(join(directory, 'package.json'));

/** A package of the scratch directory that peers are installed in, with the `graphql` that stands beside it. */
export async function peerPackage<Package>(name: string): Promise<Package> {
  return (await import(pathToFileURL(require.resolve(name)).href)) as Package;
}
