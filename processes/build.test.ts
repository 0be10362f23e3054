import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { projectPath } from '../kernel/project-path.js';

const directory = mkdtempSync(join(tmpdir(), 'bundle-'));
const stamp = join(directory, 'build.json');
afterAll(() => rmSync(directory, { recursive: true }));

function build(): number {
  execFileSync(process.execPath, [projectPath('processes', 'build.ts'), directory], { stdio: 'pipe' });
  return statSync(stamp).mtimeMs;
}

it('builds what is not there or has changed, and nothing else', () => {
  const built = build();
  expect(readdirSync(join(directory, 'processes'))).toEqual(
    expect.arrayContaining(['gateway.js', 'serve.js', 'start.js']),
  );
  expect(build()).toBe(built);
  writeFileSync(stamp, JSON.stringify({ 'processes/start.ts': 1 }));
  const [stale, fresh] = [join(directory, 'chunk-OLD.js'), join(directory, 'chunk-RUNNING.js')];
  writeFileSync(stale, '');
  writeFileSync(fresh, '');
  utimesSync(stale, 1, 1);
  expect(build()).toBeGreaterThan(built);
  // What was built today may still be loaded by a process that runs.
  expect(readdirSync(directory)).toContain('chunk-RUNNING.js');
  expect(readdirSync(directory)).not.toContain('chunk-OLD.js');
}, 120_000);
