import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** Generated files of `schema/`, by their path below it, such as `api.graphql` and `events/iam.role.created.json`. */
export type SchemaFiles = ReadonlyMap<string, string>;

/** Reads a folder that is like `schema/`, or one file that stands for `api.graphql`. */
export async function readSchemaFiles(place: string): Promise<SchemaFiles> {
  if (!(await stat(place)).isDirectory()) return new Map([['api.graphql', await readFile(place, 'utf8')]]);
  const entries = (await readdir(place, { recursive: true })).map((entry) => entry.split(path.sep).join('/'));
  const texts = await Promise.all(
    entries
      .filter((entry) => isSchemaFile(entry))
      .sort()
      .map(async (entry) => [entry, await readFile(path.join(place, entry), 'utf8')] as const),
  );
  return new Map(texts);
}

export const isSchemaFile = (entry: string): boolean =>
  /^(api|supergraph)\.graphql$|^(contracts|subgraphs)\/[^/]+\.graphql$|^events\/[^/]+\.json$/.test(entry);

/** What stands in one folder of the files, by name without its ending. */
export function filesIn(files: SchemaFiles, folder: string): ReadonlyMap<string, string> {
  return new Map(
    [...files].flatMap(([file, text]) =>
      file.startsWith(`${folder}/`) ? [[path.basename(file).replace(/\.[a-z]+$/, ''), text] as const] : [],
    ),
  );
}
