import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBaseline } from './baseline.js';

let root: string;
let repository: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'baseline-'));
  repository = path.join(root, 'repository');
  await mkdir(path.join(repository, 'schema', 'events'), { recursive: true });
  git(repository, 'init', '--quiet', '--initial-branch=main');
});
afterEach(async () => rm(root, { recursive: true, force: true }));

const IDENTITY = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];

function git(folder: string, ...args: string[]): string {
  return execFileSync('git', ['-C', folder, ...IDENTITY, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

async function commit(text: string, folder = repository): Promise<void> {
  await writeFile(path.join(folder, 'schema', 'api.graphql'), text);
  await writeFile(path.join(folder, 'CHANGELOG.md'), `- ${text}\n`);
  git(folder, 'add', '-A');
  git(folder, 'commit', '--quiet', '-m', text);
}

/** What is compared with: its title without the commit, and its API. */
async function baseline(folder = repository, against?: string): Promise<[string, string | undefined]> {
  const found = await findBaseline(folder, against);
  return 'reason' in found
    ? [found.reason, undefined]
    : [found.title.replace(/ \([0-9a-f]{10}\)$/, ''), found.files.get('api.graphql')];
}

describe('what the schema is compared with', () => {
  it('is the merge base with main on a branch, however far main went on', async () => {
    await commit('one');
    git(repository, 'checkout', '--quiet', '-b', 'feature');
    await commit('two');
    await commit('three');
    git(repository, 'checkout', '--quiet', 'main');
    await commit('other');
    git(repository, 'checkout', '--quiet', '--detach', 'feature');
    expect(await baseline()).toEqual(['the merge base with main', 'one']);
  });

  it('is the commit before HEAD on main, and HEAD itself for what is not committed', async () => {
    await commit('one');
    await commit('two');
    expect(await baseline()).toEqual(['the commit before HEAD', 'one']);
    await writeFile(path.join(repository, 'schema', 'api.graphql'), 'three');
    expect(await baseline()).toEqual(['HEAD, for what is not committed', 'two']);
  });

  it('is fetched in a shallow clone: the tip of main on a branch, one commit more on main', async () => {
    await commit('one');
    await commit('two');
    git(repository, 'checkout', '--quiet', '-b', 'feature');
    await commit('three');
    const clone = (branch: string): string => {
      const folder = path.join(root, `clone-of-${branch}`);
      git(root, 'clone', '--quiet', '--depth=1', `--branch=${branch}`, `file://${repository}`, folder);
      return folder;
    };
    expect(await baseline(clone('feature'))).toEqual(['the tip of main, fetched', 'two']);
    expect(await baseline(clone('main'))).toEqual(['the commit before HEAD, fetched', 'one']);
  });

  it('is nothing in a first commit, and without a repository; both are said', async () => {
    await commit('one');
    expect(await baseline()).toEqual([expect.stringMatching(/no earlier commit is here/), undefined]);
    expect(await baseline(root)).toEqual(['this is no git repository with a commit', undefined]);
  });

  it('is what `--against` names: a commit, a folder or a file', async () => {
    await commit('one');
    await commit('two');
    await commit('three');
    expect(await baseline(repository, 'HEAD~2')).toEqual(['HEAD~2', 'one']);
    expect(await baseline(repository, 'schema')).toEqual(['schema', 'three']);
    expect(await baseline(repository, 'schema/api.graphql')).toEqual(['schema/api.graphql', 'three']);
    await expect(baseline(repository, 'nowhere')).rejects.toThrow('neither a file nor a commit');
  });
});
