import { type Finding, fault } from './finding.js';
import type { SchemaChange } from './graph-changes.js';

export const CHANGELOG = 'CHANGELOG.md';

export interface ChangelogInput {
  /** Undefined when the earlier state has no log of changes. */
  readonly before: string | undefined;
  readonly after: string;
  /** Whether `api.graphql` is another. */
  readonly isChanged: boolean;
  readonly dangerous: readonly SchemaChange[];
}

/** A change of the graph has a line in the log of changes; a dangerous one is named there, in backticks. */
export function changelogFindings({ before, after, isChanged, dangerous }: ChangelogInput): Finding[] {
  const known = new Set(entriesOf(before ?? ''));
  const added = entriesOf(after).filter((entry) => !known.has(entry));
  if (isChanged && added.length === 0)
    return [fault(CHANGELOG, 'schema/api.graphql changed, and no line was added to CHANGELOG.md that says how')];
  const unnamed = dangerous.filter(({ coordinate }) => !added.some((entry) => entry.includes(`\`${coordinate}\``)));
  return unnamed.map(({ coordinate, message }) =>
    fault(CHANGELOG, `a dangerous change needs a new line that names \`${coordinate}\`: ${message}`),
  );
}

/** The items of the log: from a dash to the next one, or to an empty line. */
const entriesOf = (log: string): string[] => log.match(/^- .*(?:\n[^\S\n]+\S.*)*/gm) ?? [];
