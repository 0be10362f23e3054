import { readFileSync } from 'node:fs';
import { globSync } from 'node:fs';
import path from 'node:path';

export interface LayerViolation {
  readonly file: string;
  readonly imported: string;
  readonly rule: string;
}

const ROOT = path.resolve(import.meta.dirname, '../..');
const SOURCES = '{kernel,subgraphs,gateway,agent,schema,codegen,processes}/**/*.ts';
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** The part of the product that a file belongs to, such as `kernel` or `subgraphs/platform/iam`. */
function partOf(file: string): string {
  const match = /^(subgraphs\/(?:platform|products)\/[^/]+|agent\/[^/]+|codegen\/sdk|[^/]+)/.exec(file);
  return match?.[1] ?? file;
}

const isEntry = (file: string): boolean => file.endsWith('/index.ts');
const isDomain = (part: string): boolean => part.startsWith('subgraphs/');
const isProduct = (part: string): boolean => part.startsWith('subgraphs/products/');

/** Why this import is against the arrows of the architecture, or null. Paths are relative to the project. */
export function violatedRule(from: string, to: string): string | null {
  const [source, target] = [partOf(from), partOf(to)];
  if (source === target || source === 'processes' || (target === 'processes' && source === 'processes')) return null;
  if (target === 'processes') return 'nothing imports the processes: they compose everything else';
  if (source === 'kernel') return 'the kernel imports nothing of ours';
  if (source.startsWith('agent/')) {
    return target === 'agent/protocol' || target.startsWith('agent/') || target === 'codegen/sdk'
      ? null
      : 'agents use the public API only';
  }
  if (source === 'codegen/sdk') return 'the SDK stands alone';
  if (isDomain(source)) {
    // The wire protocol is the agent's; the simulated machine is what reference capacity is seeded for.
    const isAgentLeaf = target === 'agent/protocol' || target === 'agent/runtime';
    if (target === 'kernel' || (source === 'subgraphs/products/allocations' && isAgentLeaf)) return null;
    if (!isDomain(target)) return 'a domain imports the kernel and other domains only';
    if (!isEntry(to)) return 'another domain is reached by its index.ts only';
    if (!isProduct(source) && isProduct(target)) return 'platform authority does not know products';
    return null;
  }
  if (source === 'gateway')
    return target === 'kernel' || target === 'schema' ? null : 'the gateway imports the kernel and the schema only';
  return null;
}

/** Every import of the product that goes against the arrows. Tests may reach into other folders and are not looked at. */
export function findViolations(root: string = ROOT): { violations: LayerViolation[]; imports: number } {
  const violations: LayerViolation[] = [];
  let imports = 0;
  for (const file of globSync(SOURCES, {
    cwd: root,
    exclude: (name) => /node_modules|\.test\.ts$|\/testing\//.test(name),
  })) {
    if (/\.test\.ts$|(^|\/)testing\//.test(file)) continue;
    for (const match of readFileSync(path.join(root, file), 'utf8').matchAll(IMPORT)) {
      const specifier = match[1] ?? match[2] ?? '';
      if (!specifier.startsWith('.')) continue;
      imports += 1;
      const imported = path.relative(root, path.resolve(root, path.dirname(file), specifier)).replace(/\.js$/, '.ts');
      const rule = violatedRule(file, imported);
      if (rule !== null) violations.push({ file, imported, rule });
    }
  }
  return { violations, imports };
}

if (process.argv[1] === import.meta.filename) {
  const { violations, imports } = findViolations();
  for (const { file, imported, rule } of violations) process.stderr.write(`${file}: imports ${imported}: ${rule}\n`);
  process.stdout.write(`layers: ${imports} imports checked, ${violations.length} against the arrows\n`);
  process.exitCode = violations.length > 0 || imports === 0 ? 1 : 0;
}
