import { existsSync } from 'node:fs';
import path from 'node:path';
import { filesAt, git } from './git.js';
import { type SchemaFiles, isSchemaFile, readSchemaFiles } from './schema-files.js';

const CHANGELOG = 'CHANGELOG.md';
const MAINLINES = ['origin/main', 'main'];

/** What the schema is compared with. */
export interface Baseline {
  /** What it is, for the report: `the merge base with main (0342906…)`. */
  readonly title: string;
  readonly files: SchemaFiles;
  /** Undefined when it is a file or folder, which has no log of changes. */
  readonly changelog?: string;
}

/** Why there is nothing to compare with, as a sentence. */
export interface NoBaseline {
  readonly reason: string;
}

/**
 * Finds what the working tree's schema is compared with. With `against`: that file, that folder (like `schema/`) or that
 * commit. Else the merge base of HEAD with `origin/main`, or `main` where there is no remote. Where HEAD is that merge
 * base (on main itself): HEAD when files of the schema or the log of changes are not yet committed, and its first
 * parent when they are. In a shallow clone without a merge base: the tip of main, fetched when it is not there.
 */
export async function findBaseline(root: string, against?: string): Promise<Baseline | NoBaseline> {
  if (against !== undefined && existsSync(path.resolve(root, against)))
    return { title: against, files: await readSchemaFiles(path.resolve(root, against)) };
  if (against !== undefined) {
    const commit = await commitOf(root, against);
    if (commit === null) throw new Error(`--against: "${against}" is neither a file nor a commit`);
    return baselineAt(root, commit, against);
  }
  if ((await commitOf(root, 'HEAD')) === null) return { reason: 'this is no git repository with a commit' };
  const found = (await onHistory(root)) ?? (await onMain(root));
  return found === null
    ? { reason: 'no earlier commit is here: neither a parent of HEAD nor a branch main, and none could be fetched' }
    : baselineAt(root, found.commit, found.title);
}

interface Found {
  readonly commit: string;
  readonly title: string;
}

const commitOf = (root: string, ref: string): Promise<string | null> =>
  git(root, 'rev-parse', '--verify', '--quiet', `${ref}^{commit}`);

/** The merge base with main, or on main itself what came before. */
async function onHistory(root: string): Promise<Found | null> {
  const head = await commitOf(root, 'HEAD');
  for (const mainline of MAINLINES) {
    const base = await git(root, 'merge-base', 'HEAD', mainline);
    if (base !== null && base !== head) return { commit: base, title: `the merge base with ${mainline}` };
  }
  if (await hasOtherMainline(root)) return null;
  const isDirty = (await git(root, 'status', '--porcelain', '--', 'schema', CHANGELOG)) !== '';
  if (isDirty && head !== null) return { commit: head, title: 'HEAD, for what is not committed' };
  const parent = await commitOf(root, 'HEAD~');
  return parent === null ? null : { commit: parent, title: 'the commit before HEAD' };
}

/** Whether there is a main that shares no history with HEAD: that of a shallow clone. */
async function hasOtherMainline(root: string): Promise<boolean> {
  for (const mainline of MAINLINES)
    if ((await commitOf(root, mainline)) !== null) return (await git(root, 'merge-base', 'HEAD', mainline)) === null;
  return false;
}

/** The tip of main, where history does not lead to it. */
async function onMain(root: string): Promise<Found | null> {
  const head = await commitOf(root, 'HEAD');
  for (const mainline of MAINLINES) {
    const commit = await commitOf(root, mainline);
    if (commit !== null && commit !== head) return { commit, title: `the tip of ${mainline}` };
  }
  if ((await git(root, 'rev-parse', '--is-shallow-repository')) !== 'true') return null;
  // The only fetches: of one commit each, where a shallow clone has nothing to compare with.
  await git(root, 'fetch', '--quiet', '--depth=1', 'origin', 'main');
  const tip = await commitOf(root, 'FETCH_HEAD');
  if (tip !== null && tip !== head) return { commit: tip, title: 'the tip of main, fetched' };
  await git(root, 'fetch', '--quiet', '--deepen=1', 'origin');
  const parent = await commitOf(root, 'HEAD~');
  return parent === null ? null : { commit: parent, title: 'the commit before HEAD, fetched' };
}

async function baselineAt(root: string, commit: string, title: string): Promise<Baseline> {
  const listed = (await git(root, 'ls-tree', '-r', '--name-only', '--full-tree', commit, 'schema', CHANGELOG)) ?? '';
  const names = listed.split('\n').filter((name) => name === CHANGELOG || isSchemaFile(name.replace(/^schema\//, '')));
  const texts = await filesAt(root, commit, names);
  const files = new Map([...texts].filter(([name]) => name !== CHANGELOG).map(([name, text]) => [name.slice(7), text]));
  const changelog = texts.get(CHANGELOG);
  return {
    title: `${title} (${commit.slice(0, 10)})`,
    files,
    ...(changelog === undefined ? {} : { changelog }),
  };
}
