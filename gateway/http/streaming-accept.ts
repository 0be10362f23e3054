/** The ways in which a client takes an answer in parts, as its `Accept` header tells. */
export interface StreamingAccept {
  /** How it takes a stream, if it does: what it likes best. */
  readonly stream: 'event-source' | 'multipart' | undefined;
  /** How it takes an answer of which parts come later, if it does. */
  readonly parts: 'event-source' | 'multipart' | undefined;
}

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** Reads an `Accept` header (RFC 9110, 12.5.1). Nothing is streamed to a client that did not name how. */
export function streamingAccept(accept: string | undefined): StreamingAccept {
  if (accept === undefined || !/event-stream|multipart/i.test(accept)) return { stream: undefined, parts: undefined };
  const ranges = accept
    .split(',')
    .map(parseRange)
    .filter(({ quality }) => quality > 0);
  // Sorting is stable: of two that are liked alike the first counts.
  ranges.sort((left, right) => right.quality - left.quality);
  return {
    stream: first(ranges, ({ type, parameters }) =>
      type === 'multipart/mixed' && parameters.get('subscriptionspec') === '1.0' ? 'multipart' : eventSource(type),
    ),
    parts: first(ranges, ({ type, parameters }) =>
      type === 'multipart/mixed' && parameters.get('deferspec') === '20220824' ? 'multipart' : eventSource(type),
    ),
  };
}

function eventSource(type: string): 'event-source' | undefined {
  return type === 'text/event-stream' ? 'event-source' : undefined;
}

function first<Form>(ranges: readonly MediaRange[], formOf: (range: MediaRange) => Form | undefined): Form | undefined {
  for (const range of ranges) {
    const form = formOf(range);
    if (form !== undefined) return form;
  }
  return undefined;
}

function parseRange(range: string): MediaRange {
  const [type = '', ...rest] = range.split(';').map((part) => part.trim().toLowerCase());
  const parameters = new Map(
    rest.map((part): [string, string] => {
      const at = part.indexOf('=');
      return at === -1
        ? [part, '']
        : [
            part.slice(0, at).trim(),
            part
              .slice(at + 1)
              .trim()
              .replaceAll('"', ''),
          ];
    }),
  );
  const quality = Number(parameters.get('q') ?? 1);
  return { type, parameters, quality: Number.isFinite(quality) ? quality : 0 };
}
