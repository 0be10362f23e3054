import { readFile, readdir } from 'node:fs/promises';
import type { Audience } from '../../kernel/federation/audience.js';
import { projectPath } from '../../kernel/project-path.js';
import { type SourceBlock, graphqlBlocks, queryLiterals } from './source-blocks.js';

/** Who ships a document: the SDK, the tabs of the console, or a guide that people copy from. */
export type DocumentOrigin = 'sdk' | 'console' | 'guide';

/**
 * A GraphQL document that we ship, registered as trusted. Documents of one `unit` share their fragments: those of the
 * SDK are one unit, any other is its own.
 */
export interface RegisteredDocument {
  readonly origin: DocumentOrigin;
  /** Path in the project, with `/`. */
  readonly file: string;
  /** Line of the file on which the text begins, from 1. */
  readonly line: number;
  readonly text: string;
  readonly unit: string;
  /** Whose graph it must be valid in. */
  readonly audience: Audience;
}

const OPERATIONS = 'codegen/operations';
const TABS = 'processes/graphiql-tabs.ts';
const GUIDES = ['README.md', 'codegen/sdk/README.md'];
/** Guides for those who see the public graph only. */
const PUBLIC_GUIDES = new Set(['docs/user.md', 'docs/integrator.md', 'codegen/sdk/README.md']);

/** Every registered document, read from its source, so that a fault can be told by file and line. */
export async function registeredDocuments(): Promise<RegisteredDocument[]> {
  const operations = (await readdir(projectPath(OPERATIONS))).filter((file) => file.endsWith('.graphql')).sort();
  const guides = (await readdir(projectPath('docs'))).filter((file) => file.endsWith('.md')).sort();
  const found = await Promise.all([
    ...operations.map(async (file) => fromFile('sdk', `${OPERATIONS}/${file}`, (text) => [{ line: 1, text }], 'sdk')),
    fromFile('console', TABS, queryLiterals),
    ...[...GUIDES, ...guides.map((file) => `docs/${file}`)].map(async (file) => fromFile('guide', file, graphqlBlocks)),
  ]);
  return found.flat();
}

async function fromFile(
  origin: DocumentOrigin,
  file: string,
  blocksOf: (text: string) => SourceBlock[],
  unit?: string,
): Promise<RegisteredDocument[]> {
  const blocks = blocksOf(await readFile(projectPath(file), 'utf8'));
  return blocks.map(({ line, text }) => ({
    origin,
    file,
    line,
    text,
    unit: unit ?? `${file}:${line}`,
    audience: PUBLIC_GUIDES.has(file) ? 'public' : 'internal',
  }));
}
