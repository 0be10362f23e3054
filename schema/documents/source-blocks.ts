/** A part of a source file. */
export interface SourceBlock {
  /** Line on which it begins, from 1. */
  readonly line: number;
  readonly text: string;
}

/** The blocks of a Markdown text that are fenced as `graphql`. */
export function graphqlBlocks(text: string): SourceBlock[] {
  return matches(text, /^```graphql[^\n]*\n([\s\S]*?)^```/gm);
}

/** The template literals that properties named `query` of a TypeScript source have. They must not have substitutions. */
export function queryLiterals(source: string): SourceBlock[] {
  return matches(source, /\bquery: `([^`]*)`/g);
}

function matches(text: string, pattern: RegExp): SourceBlock[] {
  return [...text.matchAll(pattern)].map((match) => {
    const body = match[1] ?? '';
    const begin = match.index + match[0].indexOf(body);
    return { line: text.slice(0, begin).split('\n').length, text: body };
  });
}
