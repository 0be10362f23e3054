import { schemaDrift } from './emit.js';

const drift = await schemaDrift();
if (drift.length > 0) {
  process.stderr.write(
    `These files are not what the code makes; run "npm run schema:emit" and review the difference:\n`,
  );
  for (const file of drift) process.stderr.write(`  schema/${file}\n`);
  process.exitCode = 1;
} else {
  process.stdout.write('schema: no drift, the subgraphs compose\n');
}
