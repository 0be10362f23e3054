import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { TrustedDocument } from './trusted-documents.js';

/** https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#manifest-format */
const apolloManifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ id: z.string().min(1), body: z.string().min(1) })),
});
/** What `relay-compiler` writes: https://relay.dev/docs/guides/persisted-queries/ */
const relayManifest = z.record(z.string().min(1), z.string().min(1));

/**
 * Reads documents from a manifest (`.json`, Apollo's or Relay's), a `.graphql` file, or a folder of any of them, at any
 * depth. A file of the latter is one document, exactly as it stands. Throws, naming the file, if it is none of these.
 */
export async function readDocuments(location: string): Promise<TrustedDocument[]> {
  const documents: TrustedDocument[] = [];
  for (const file of await filesIn(location)) documents.push(...(await readOne(file)));
  return documents;
}

async function filesIn(location: string): Promise<string[]> {
  if (!(await stat(location)).isDirectory()) return [location];
  const entries = await readdir(location, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.(graphql|gql|json)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

async function readOne(file: string): Promise<TrustedDocument[]> {
  const text = await readFile(file, 'utf8');
  if (!file.endsWith('.json')) return [{ text }];
  try {
    return documentsOf(JSON.parse(text) as unknown);
  } catch (error) {
    throw new Error(`${file} is no manifest of documents, neither Apollo's nor Relay's`, { cause: error });
  }
}

function documentsOf(manifest: unknown): TrustedDocument[] {
  if (typeof manifest === 'object' && manifest !== null && 'format' in manifest) {
    return apolloManifest.parse(manifest).operations.map(({ id, body }) => ({ id, text: body }));
  }
  return Object.entries(relayManifest.parse(manifest)).map(([id, text]) => ({ id, text }));
}
