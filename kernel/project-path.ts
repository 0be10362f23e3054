import { existsSync } from 'node:fs';
import path from 'node:path';

/** The project's root: the nearest folder above this file with a package.json, whether we run from source or from `dist`. */
const ROOT = findRoot(import.meta.dirname);

function findRoot(directory: string): string {
  if (existsSync(path.join(directory, 'package.json'))) return directory;
  const parent = path.dirname(directory);
  if (parent === directory) throw new Error('the project has no package.json above its code');
  return findRoot(parent);
}

/** A path of the source tree: SQL, manifests, pages and other files that are read and not compiled. */
export function projectPath(...parts: string[]): string {
  return path.join(ROOT, ...parts);
}
