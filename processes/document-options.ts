import { readDocuments, type DocumentOptions } from '../gateway/index.js';
import { ConfigurationError, type Configuration } from '../kernel/configuration/configuration.js';
import { projectPath } from '../kernel/project-path.js';

/** The documents of the SDK, registered by the build, and those that the operator names. Those of GraphiQL come with it. */
export async function documentOptions({ documents }: Pick<Configuration, 'documents'>): Promise<DocumentOptions> {
  const { isAutomatic, mode, paths } = documents;
  const registered = await readDocuments(projectPath('codegen', 'trusted-documents.json'));
  const named = await Promise.all(paths.map(readNamed));
  return { mode, isAutomatic, trusted: [...registered, ...named.flat()] };
}

async function readNamed(location: string): Promise<Awaited<ReturnType<typeof readDocuments>>> {
  try {
    return await readDocuments(location);
  } catch (error) {
    throw new ConfigurationError([`CP_TRUSTED_DOCUMENT_PATHS: ${(error as Error).message}`]);
  }
}
