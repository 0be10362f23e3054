import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { buffer } from 'node:stream/consumers';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const MILLISECONDS_MAX = 20_000;

/** The trimmed output of a git command, or null when it fails: no repository, no such commit, no git. */
export async function git(folder: string, ...args: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await run('git', ['-C', folder, ...args], {
      maxBuffer: OUTPUT_BYTES_MAX,
      timeout: MILLISECONDS_MAX,
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
    });
    return stdout.trim();
  } catch {
    return null;
  }
}

/** The texts of files at a commit, by their paths; one process for all of them. Throws when the commit has one not. */
export async function filesAt(
  folder: string,
  commit: string,
  files: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const batch = spawn('git', ['-C', folder, 'cat-file', '--batch'], { stdio: ['pipe', 'pipe', 'ignore'] });
  batch.stdin.end(files.map((file) => `${commit}:${file}\n`).join(''));
  const output = await buffer(batch.stdout);
  const texts = new Map<string, string>();
  let at = 0;
  for (const file of files) {
    const end = output.indexOf('\n', at);
    const size = Number(/ blob (\d+)$/.exec(output.toString('utf8', at, end))?.[1] ?? Number.NaN);
    if (Number.isNaN(size)) throw new Error(`${commit} has no file ${file}`);
    texts.set(file, output.toString('utf8', end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return texts;
}
