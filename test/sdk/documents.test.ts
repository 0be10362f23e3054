import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigurationError, loadConfiguration } from '../../kernel/configuration/configuration.js';
import { projectPath } from '../../kernel/project-path.js';
import { codeBlocks } from './markdown.js';

/** Markdown files of the repository, as git knows them or would add them. */
function markdownFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: projectPath(),
    encoding: 'utf8',
  });
  return listed.split('\n').filter((file) => file !== '' && existsSync(projectPath(file)));
}

const documents = new Map<string, string>();
beforeAll(async () => {
  for (const file of markdownFiles()) documents.set(file, await readFile(projectPath(file), 'utf8'));
});

/** Every setting of the configuration, by asking it about all names that the documents could mean. */
function isSetting(name: string): boolean {
  if (name.startsWith('CP_')) {
    try {
      loadConfiguration({ [name]: '' });
      return true;
    } catch (error) {
      return error instanceof ConfigurationError && !error.message.includes(`${name}: there is no such setting`);
    }
  }
  return settingNames.has(name);
}
let settingNames: ReadonlySet<string>;
let settingsSource: string;
beforeAll(async () => {
  settingsSource = await readFile(projectPath('kernel', 'configuration', 'configuration.ts'), 'utf8');
  settingNames = new Set([...settingsSource.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name = '']) => name));
});

/** The value of a literal or a product of numbers in the source. */
function valueOf(text: string): string {
  if (!/^[\d\s_*]+$/.test(text)) return text.replaceAll("'", '');
  const factors = text.split('*').map((factor) => Number(factor.replaceAll('_', '')));
  return String(factors.reduce((product, factor) => product * factor, 1));
}

describe('the documents', () => {
  it('exist for each reader, and the README leads to them', () => {
    for (const reader of ['user', 'integrator', 'operator', 'contributor']) {
      expect(documents.get(`docs/${reader}.md`)?.length ?? 0).toBeGreaterThan(500);
      expect(documents.get('README.md')).toContain(`docs/${reader}.md`);
    }
  });

  it('show only operations that the public graph accepts', async () => {
    const schema = buildSchema(await readFile(projectPath('schema', 'api.graphql'), 'utf8'));
    const blocks = [...documents].flatMap(([file, text]) => codeBlocks(file, text));
    const operations = blocks.filter(({ language }) => language === 'graphql');
    expect(operations.length).toBeGreaterThan(15);
    const faults = operations.flatMap(({ place, text }) =>
      validate(schema, parse(text)).map(({ message }) => `${place}: ${message}`),
    );
    expect(faults).toEqual([]);
  });

  it('link to files that are there', () => {
    const dead: string[] = [];
    for (const [file, text] of documents) {
      for (const [, target = ''] of text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target) || target.startsWith('#')) continue;
        const found = existsSync(projectPath(path.join(path.dirname(file), target.replace(/#.*$/, ''))));
        if (!found) dead.push(`${file}: ${target}`);
      }
    }
    expect(dead).toEqual([]);
  });

  it('name only settings that exist', () => {
    const unknown: string[] = [];
    for (const [file, text] of documents) {
      for (const [name] of text.matchAll(/\b(?:CP|OIDC|DATABASE|NATS|OTEL)_[A-Z][A-Z_]*\b/g)) {
        if (!isSetting(name)) unknown.push(`${file}: ${name}`);
      }
    }
    expect(unknown).toEqual([]);
  });

  it('tell operators every setting with its default', () => {
    const operator = documents.get('docs/operator.md') ?? '';
    expect([...settingNames].filter((name) => !operator.includes(`\`${name}\``))).toEqual([]);
    const rows = operator.split('\n').filter((line) => line.startsWith('|'));
    const defaults = [
      ...settingsSource.matchAll(/^ {2}([A-Z][A-Z_]+):(?:(?!^ {2}[A-Z/])[^;])*?\.default\(([^)]*)\)/gm),
    ];
    const wrong = defaults.filter(([, name = '', text = '']) => {
      const row = rows.find((line) => line.includes(`\`${name}\``)) ?? '';
      return !row.includes(text === "''" ? 'empty' : `\`${valueOf(text)}\``);
    });
    expect(defaults.length).toBeGreaterThan(10);
    expect(wrong.map(([, name]) => name)).toEqual([]);
  });

  it('tell integrators every code of both closed lists', async () => {
    const text = await readFile(projectPath('kernel', 'errors', 'error-codes.ts'), 'utf8');
    const codes = [...text.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, code = '']) => code);
    expect(codes.length).toBeGreaterThan(40);
    const integrator = documents.get('docs/integrator.md') ?? '';
    expect(codes.filter((code) => !integrator.includes(`\`${code}\``))).toEqual([]);
  });
});
