import { existsSync } from 'node:fs';
import path from 'node:path';

/** The project's root: the nearest folder above this file with a package.json, whether we run from source or from `dist`. */
const ROOT = path.dirname(pathAbove(import.meta.dirname, 'package.json'));

/** The file of this relative path in the nearest folder, from the given one upward, that has it. Throws if none has. */
export function pathAbove(directory: string, file: string): string {
  const candidate = path.join(directory, file);
  if (existsSync(candidate)) return candidate;
  const parent = path.dirname(directory);
  if (parent === directory) throw new Error(`there is no ${file} above the code that needs it`);
  return pathAbove(parent, file);
}

/** A path of the source tree: SQL, manifests, pages and other files that are read and not compiled. */
export function projectPath(...parts: string[]): string {
  return path.join(ROOT, ...parts);
}
