import { parse } from 'graphql';
import { projectPath } from '../../kernel/project-path.js';
import { readPackets } from '../../subgraphs/packets.js';
import { departures } from '../conventions.js';
import { registeredDocuments } from '../documents/registered-documents.js';
import { renderSchema, schemaDrift } from '../emit.js';
import { COMPOSITION_EXCEPTIONS, CONVENTION_EXCEPTIONS } from '../exceptions.js';
import { audienceFaults } from './audiences.js';
import { findBaseline } from './baseline.js';
import { COMPARISONS, comparisonFindings } from './comparison.js';
import { DESCRIPTIONS, descriptionFindings } from './descriptions.js';
import { DOCUMENTS, documentFindings } from './document-findings.js';
import { exceptedFindings } from './excepted-findings.js';
import { type Finding, fault, notice } from './finding.js';
import { graphOf } from './graph-changes.js';
import { LINT, lintFindings } from './lint.js';
import type { SchemaFiles } from './schema-files.js';

const DRIFT = 'drift of emitted files';
const COMPOSITION = 'composition';
const CONVENTIONS = 'conventions';
const AUDIENCES = 'audiences';

export interface CheckOptions {
  /** A commit, file or folder to compare with, instead of what came before. */
  readonly against?: string;
  /** The log of changes as it is now. */
  readonly changelog: string;
  /** ISO 8601 date. */
  readonly today: string;
}

export interface CheckReport {
  /** What the schema was compared with. */
  readonly title: string;
  /** All checks, in the order of the report. */
  readonly checks: readonly string[];
  readonly findings: readonly Finding[];
}

/** Runs every check of the schema on what the code makes. Subgraphs that do not compose throw, with all reasons. */
export async function runChecks({ against, changelog, today }: CheckOptions): Promise<CheckReport> {
  const { files, hints } = await renderSchema();
  const before = await findBaseline(projectPath(), against);
  const drift = await schemaDrift(files);
  const compared =
    'reason' in before
      ? [notice(COMPARISONS[0] ?? '', `NOT CHECKED: ${before.reason}`)]
      : await comparisonFindings({ before, after: files, changelog, today });
  return {
    title: 'reason' in before ? 'nothing' : before.title,
    checks: [DRIFT, COMPOSITION, AUDIENCES, DESCRIPTIONS, CONVENTIONS, LINT, DOCUMENTS, ...COMPARISONS],
    findings: [
      ...drift.map((file) => fault(DRIFT, `schema/${file} is not what the code makes: run "npm run schema:emit"`)),
      ...exceptedFindings(COMPOSITION, hints, COMPOSITION_EXCEPTIONS),
      ...(await graphFindings(files)),
      ...compared,
    ],
  };
}

/** What is wrong with the graph as it is, whatever it was before. */
async function graphFindings(files: SchemaFiles): Promise<Finding[]> {
  const sdl = files.get('api.graphql') ?? '';
  const graph = graphOf(sdl);
  const roles = new Map(
    (await readPackets()).flatMap(({ registries: { permissions } }) =>
      Array.isArray(permissions) ? permissions.map(({ id, roles }) => [id, roles] as const) : [],
    ),
  );
  const audiences = audienceFaults(parse(files.get('supergraph.graphql') ?? ''), roles);
  return [
    ...audiences.map((message) => fault(AUDIENCES, message)),
    ...descriptionFindings(graph),
    ...exceptedFindings(CONVENTIONS, departures(graph), CONVENTION_EXCEPTIONS),
    ...(await lintFindings(sdl)),
    ...documentFindings(
      new Map([
        ['internal', graph],
        ['operator', graphOf(files.get('contracts/operator.graphql') ?? '')],
        ['public', graphOf(files.get('contracts/public.graphql') ?? '')],
      ]),
      await registeredDocuments(),
    ),
  ];
}
