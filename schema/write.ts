import { emitSchema } from './emit.js';

const touched = await emitSchema();
process.stdout.write(touched.length === 0 ? 'schema: nothing changed\n' : `schema: ${touched.length} files written\n`);
