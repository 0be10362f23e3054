import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, print, printSchema } from 'graphql';
import { z } from 'zod';
import { composeSupergraph, contractSupergraph, type SubgraphDefinition } from '../gateway/index.js';
import { loadConfiguration } from '../kernel/configuration/configuration.js';
import type { EventType } from '../kernel/events/event-type.js';
import { Kernel } from '../kernel/kernel.js';
import { projectPath } from '../kernel/project-path.js';
import { createLogger } from '../kernel/telemetry/logger.js';
import { DOMAINS, buildSchemas, composeDomains } from '../subgraphs/composition.js';
import { nodePrefixes } from '../subgraphs/packets.js';
import { apiSchemaOf } from './api-schema.js';
import { asyncApiDocument } from './async-api.js';
import { withSubgraphsHash } from './committed-supergraph.js';
import { nodeSubgraph } from './node-subgraph.js';

export interface RenderedSchema {
  /** Every generated file of `schema/`, by its path below it. */
  readonly files: ReadonlyMap<string, string>;
  /** What composition has to say of subgraphs that fit together: `CODE coordinate: message`. */
  readonly hints: readonly string[];
}

/** Makes every generated file of `schema/` from code alone: nothing is connected to. */
export async function renderSchema(): Promise<RenderedSchema> {
  const configuration = loadConfiguration({ CP_ENVIRONMENT: 'test' });
  const logger = createLogger({ level: 'silent' });
  const kernel = new Kernel({
    configuration,
    databaseUrl: 'postgresql://nowhere:5432/nothing',
    domains: DOMAINS,
    logger,
  });
  const domains = composeDomains(kernel);
  const schemas = buildSchemas(domains);
  const files = new Map<string, string>();
  const definitions: SubgraphDefinition[] = [...schemas].map(([name, { sdl }]) => ({ name, sdl }));
  definitions.push({ name: 'node', sdl: nodeSubgraph(await nodePrefixes(), schemas.values()).sdl });
  for (const { name, sdl } of definitions) files.set(`subgraphs/${name}.graphql`, `${print(parse(sdl))}\n`);
  const supergraph = composeSupergraph(definitions);
  files.set('supergraph.graphql', `${withSubgraphsHash(supergraph.sdl.trim(), definitions)}\n`);
  files.set('api.graphql', `${printSchema(apiSchemaOf(supergraph.sdl))}\n`);
  for (const contract of ['public', 'operator'] as const) {
    const visible = apiSchemaOf(contractSupergraph(supergraph.sdl, contract));
    files.set(`contracts/${contract}.graphql`, `${printSchema(visible)}\n`);
  }
  const events = [...domains.subgraphs.values()].flatMap((subgraph) => [...subgraph.events]);
  for (const event of events) files.set(`events/${event.type}.json`, eventSchema(event));
  files.set('events/asyncapi.json', asyncApiDocument(events));
  await kernel.close();
  return { files, hints: supergraph.hints ?? [] };
}

function eventSchema(event: EventType): string {
  const data = z.toJSONSchema(event.data, { io: 'output', unrepresentable: 'any' });
  const schema = {
    ...data,
    $id: `${event.type}.json`,
    title: event.type,
    description: event.description,
    'x-subject-type': event.subjectType,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

async function generatedFiles(): Promise<string[]> {
  const root = projectPath('schema');
  const entries = await readdir(root, { recursive: true });
  return entries.filter((entry) => /\.(graphql|json)$/.test(entry)).map((entry) => entry.split(path.sep).join('/'));
}

/** Writes what changed and removes what is no longer made; answers the paths it touched. */
export async function emitSchema(): Promise<string[]> {
  const { files } = await renderSchema();
  const touched: string[] = [];
  for (const stale of (await generatedFiles()).filter((file) => !files.has(file))) {
    await rm(projectPath('schema', stale));
    touched.push(stale);
  }
  for (const [file, text] of files) {
    const target = projectPath('schema', file);
    if ((await readFile(target, 'utf8').catch(() => null)) === text) continue;
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text);
    touched.push(file);
  }
  return touched.sort();
}

/** Paths that differ from what the code makes. */
export async function schemaDrift(files: ReadonlyMap<string, string>): Promise<string[]> {
  const drift = (await generatedFiles()).filter((file) => !files.has(file));
  for (const [file, text] of files) {
    if ((await readFile(projectPath('schema', file), 'utf8').catch(() => null)) !== text) drift.push(file);
  }
  return drift.sort();
}
