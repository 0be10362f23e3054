const LINE_CHARACTERS_MAX = 4 * 1024 * 1024;

/** The `data` of each event of an event stream (WHATWG HTML 9.2), joined over lines. Comments and other fields are skipped. */
export async function* eventData(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  for await (const bytes of source) {
    rest += decoder.decode(bytes, { stream: true });
    if (rest.length > LINE_CHARACTERS_MAX) throw new Error('a line of the event stream is too long');
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield data.join('\n');
        data = [];
      } else if (line.startsWith('data:')) data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
    }
  }
  // The standard drops an event that the end cut off; some servers forget the last empty line, so a whole one counts.
  if (rest.startsWith('data:')) data.push(rest.slice(rest.startsWith('data: ') ? 6 : 5));
  if (data.length > 0) yield data.join('\n');
}
