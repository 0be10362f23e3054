import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../kernel/configuration/configuration.js';
import { projectPath } from '../../kernel/project-path.js';
import { SUBGRAPHS } from './topology.js';

const file = projectPath('docker-compose.yml');
const lines = readFileSync(file, 'utf8').split('\n');
const COMPONENTS = [...SUBGRAPHS, 'worker', 'gateway'];
/** What an installation brings in its environment or `.env`. */
const OURS = {
  CP_MASTER_KEY: 'A'.repeat(43),
  DATABASE_PASSWORD: 'a-password-for-postgres',
  DATABASE_ROLE_PASSWORD: 'a-password-for-the-roles',
  OIDC_ISSUER: 'https://id.example.com',
  OIDC_AUDIENCE: 'https://control.example.com/graphql',
  CP_OPERATORS: 'olivia',
};

/** The lines below a key of two spaces or none, up to the next of its depth. */
function below(key: string): string[] {
  const start = lines.findIndex((line) => line.trimEnd().startsWith(key));
  if (start < 0) return [];
  const depth = key.search(/\S/);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.trim() !== '' && line.search(/\S/) <= depth);
  return rest.slice(0, end < 0 ? rest.length : end);
}

/** The settings of one `environment:` block, with what an installation brings put in. */
function environmentOf(block: readonly string[]): Record<string, string> {
  const start = block.findIndex((line) => line.trim().startsWith('environment:'));
  const depth = block[start]?.search(/\S/) ?? 0;
  const settings: Record<string, string> = {};
  let name: string | undefined;
  for (const line of block.slice(start + 1)) {
    if (line.search(/\S/) <= depth) break;
    const found = /^\s+([A-Z][A-Z0-9_]*): (.*)$/.exec(line);
    if (found === null && name !== undefined) settings[name] = line.trim();
    if (found === null) continue;
    name = found[1];
    settings[name ?? ''] = interpolate((found[2] ?? '').replace(/^'(.*)'$/, '$1'));
  }
  return settings;
}

function interpolate(text: string): string {
  return text.replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string, otherwise: string) => {
    const value = OURS[name as keyof typeof OURS];
    return value ?? (kind === '-' ? otherwise : '');
  });
}

const isComposeThere = spawnSync('docker', ['compose', 'version']).status === 0;
if (!isComposeThere)
  process.stdout.write('docker compose is not installed: docker-compose.yml is read by the test only\n');

describe('docker-compose.yml', () => {
  it.skipIf(!isComposeThere)('is understood by docker compose', () => {
    const environment = { PATH: process.env['PATH'] ?? '', ...OURS };
    const config = ['compose', '-f', file, 'config', '--format', 'json'];
    const { stdout, stderr, status } = spawnSync('docker', config, { env: environment, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { services } = JSON.parse(stdout) as { services: Record<string, { healthcheck?: unknown }> };
    expect(Object.keys(services).sort()).toEqual([...COMPONENTS, 'nats', 'postgres'].sort());
    expect(Object.values(services).every(({ healthcheck }) => healthcheck !== undefined)).toBe(true);
  });

  it('has a service for each component of `npm run serve`', () => {
    const usage = spawnSync(process.execPath, ['--import', 'tsx', projectPath('processes', 'serve.ts')], {
      cwd: projectPath(),
      encoding: 'utf8',
    }).stderr;
    const offered = /components: (.*)/.exec(usage)?.[1]?.split(', ') ?? [];
    expect(offered.toSorted()).toEqual(COMPONENTS.toSorted());
    const services = below('services:').flatMap((line) => /^ {2}([a-z-]+):/.exec(line)?.[1] ?? []);
    expect(services.toSorted()).toEqual([...COMPONENTS, 'nats', 'postgres'].toSorted());
    for (const name of COMPONENTS) {
      const text = [lines.find((line) => line.startsWith(`  ${name}:`)) ?? '', ...below(`  ${name}:`)].join('\n');
      expect(text).toContain('<<: *component');
      expect(text).toContain(`command: ['${name}']`);
    }
  });

  it('checks the health of every service, and starts none before what it depends on', () => {
    for (const block of [below('x-component:'), below('  postgres:'), below('  nats:')])
      expect(block.some((line) => line.trim() === 'healthcheck:')).toBe(true);
    const waits = below('  gateway:').filter((line) => line.includes('condition: service_healthy'));
    const named = waits.map((line) => line.trim().split(':', 1)[0] ?? '');
    expect(named.toSorted()).toEqual([...SUBGRAPHS, 'worker', 'nats', 'postgres'].toSorted());
  });

  it('gives every component a configuration that production accepts, in known settings only', () => {
    const shared = environmentOf(below('x-component:'));
    expect(loadConfiguration(shared)).toMatchObject({ environment: 'production', operatorSubjects: ['olivia'] });
    const gateway = loadConfiguration({ ...shared, ...environmentOf(below('  gateway:')) });
    expect([...gateway.subgraphUrls.keys()].toSorted()).toEqual([...SUBGRAPHS].toSorted());
    for (const [name, url] of gateway.subgraphUrls) expect(url).toBe(`http://${name}:4000/graphql`);
  });
});
