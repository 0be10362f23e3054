import { startEmbeddedPostgres } from '../../../kernel/database/embedded-postgres.js';

/** The floor of a start: Node.js and PostgreSQL on a directory that exists, and nothing of the platform. */
const [dataDirectory = ''] = process.argv.slice(2);
const postgres = await startEmbeddedPostgres({ dataDirectory });
process.stdout.write('ready\n');
process.on('SIGTERM', () => {
  void postgres.stop().then(() => process.exit(0));
});
