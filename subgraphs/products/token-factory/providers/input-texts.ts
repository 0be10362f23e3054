import type { JsonBody, Operation } from './model-provider.js';

/**
 * Everything in a parsed body that becomes prompt tokens, one text per message or input: what is said, names, tool calls
 * and their results, and one more text for tool definitions and response formats.
 */
export function inputTexts(operation: Operation, body: JsonBody): string[] {
  if (operation === 'chat/completions') return chatTexts(body);
  const input = operation === 'embeddings' ? body['input'] : body['prompt'];
  return Array.isArray(input) ? input.map(String) : [String(input)];
}

interface Message {
  readonly content?: string | null | readonly { readonly text: string }[];
  readonly name?: string;
  readonly tool_calls?: unknown;
}

function chatTexts(body: JsonBody): string[] {
  const extras = ['tools', 'functions', 'response_format', 'tool_choice'].flatMap((name) =>
    body[name] === undefined ? [] : [JSON.stringify(body[name])],
  );
  const messages = (body['messages'] as readonly Message[]).map((message) => {
    const { content, name, tool_calls: calls } = message;
    const said = typeof content === 'string' ? content : (content ?? []).map((part) => part.text).join('');
    return [said, name ?? '', calls === undefined ? '' : JSON.stringify(calls)]
      .filter((text) => text !== '')
      .join('\n');
  });
  return [...extras, ...messages];
}
