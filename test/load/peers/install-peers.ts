import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BenchmarkEnvironment } from '../harness/benchmark.js';

/** Exact, so that two runs compare the same; not in package.json, for the product has no use of them. */
const VERSIONS = {
  '@graphql-hive/gateway': '2.15.1',
  '@mercuriusjs/gateway': '5.2.0',
  fastify: '5.12.8',
  graphql: '16.15.0',
  'graphql-jit': '0.8.9',
  mercurius: '16.10.1',
} as const;

/** Installs the peers outside of the project, once for all runs with these versions; answers where. */
export async function installPeers(environment: BenchmarkEnvironment): Promise<string> {
  const versions = Object.values(VERSIONS).join('_');
  const directory = join(tmpdir(), `control-plane-bench-peers-${versions}`);
  if (existsSync(join(directory, 'installed'))) return directory;
  environment.note(`installing the peers in ${directory}`);
  mkdirSync(directory, { recursive: true });
  const manifest = { private: true, dependencies: VERSIONS };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: directory });
  writeFileSync(join(directory, 'installed'), '');
  return directory;
}
