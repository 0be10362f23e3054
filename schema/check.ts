import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { projectPath } from '../kernel/project-path.js';
import { runChecks } from './checks/run-checks.js';
import { reportOf } from './checks/finding.js';

const USAGE = 'npm run schema:check [-- --against <commit, file or folder>]';

const { values } = parseArgs({ options: { against: { type: 'string' } } });
try {
  const { title, checks, findings } = await runChecks({
    ...(values.against === undefined ? {} : { against: values.against }),
    changelog: await readFile(projectPath('CHANGELOG.md'), 'utf8'),
    today: new Date().toISOString().slice(0, 10),
  });
  const faults = findings.filter(({ level }) => level === 'fault').length;
  console.log(`schema: compared with ${title}\n\n${reportOf(checks, findings)}\n\nschema: ${faults} faults`);
  process.exitCode = faults > 0 ? 1 : 0;
} catch (error) {
  console.error(`schema:check could not run: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
}
