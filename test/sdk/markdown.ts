import { readFile } from 'node:fs/promises';
import { projectPath } from '../../kernel/project-path.js';

export interface CodeBlock {
  /** Path of the document in the repository and line of the block's fence. */
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

/** Fenced code blocks of a document, with their language. */
export function codeBlocks(file: string, text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const language = /^```(\S*)/.exec(lines[index] ?? '')?.[1];
    if (language === undefined) continue;
    const end = lines.findIndex((line, at) => at > index && line.startsWith('```'));
    if (end === -1) throw new Error(`${file}:${index + 1}: the code block does not end`);
    blocks.push({ place: `${file}:${index + 1}`, language, text: lines.slice(index + 1, end).join('\n') });
    index = end;
  }
  return blocks;
}

export async function codeBlocksOf(file: string): Promise<CodeBlock[]> {
  return codeBlocks(file, await readFile(projectPath(file), 'utf8'));
}
