import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readDocuments } from './read-documents.js';
import { TrustedDocuments } from './trusted-documents.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'documents-'));
  await mkdir(path.join(folder, 'below'));
  await writeFile(path.join(folder, 'below', 'a.graphql'), 'query A { a }\n');
  const operations = [{ id: '1', name: 'B', type: 'query', body: 'query B { b }' }];
  const apollo = { format: 'apollo-persisted-query-manifest', version: 1, operations };
  await writeFile(path.join(folder, 'apollo.json'), JSON.stringify(apollo));
  await writeFile(path.join(folder, 'relay.json'), JSON.stringify({ abc: 'query C { c }' }));
  await writeFile(path.join(folder, 'README.md'), 'not a document');
});
afterAll(async () => rm(folder, { recursive: true }));

it('reads folders of documents, and manifests of Apollo and Relay', async () => {
  expect(await readDocuments(folder)).toEqual([
    { id: '1', text: 'query B { b }' },
    { text: 'query A { a }\n' },
    { id: 'abc', text: 'query C { c }' },
  ]);
  expect(await readDocuments(path.join(folder, 'relay.json'))).toEqual([{ id: 'abc', text: 'query C { c }' }]);
});

it('names the file that is no manifest', async () => {
  const file = path.join(folder, 'below', 'wrong.json');
  await writeFile(file, '{ "format": "something" }');
  await expect(readDocuments(folder)).rejects.toThrow('wrong.json is no manifest');
  await rm(file);
});

it('refuses an identifier that names two documents', () => {
  const twice = [
    { id: '1', text: '{ a }' },
    { id: '1', text: '{ b }' },
  ];
  expect(() => new TrustedDocuments(twice)).toThrow('"1" names two documents');
});
