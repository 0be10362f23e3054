import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A plain HTTP server on a free port of loopback, as thin as Node.js allows: `answer` makes the body of the response
 * from that of the request. Prints `ready` and its address.
 */
export function serveRaw(answer: (body: string) => Promise<string | Buffer> | string | Buffer): void {
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request)
      .then(answer)
      .catch((error: unknown) => JSON.stringify({ errors: [{ message: String(error) }] }));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  };
  const server = createServer((request, response) => void respond(request, response));
  server.listen(0, '127.0.0.1', () => sayReady(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`));
}

export function sayReady(url: string): void {
  process.stdout.write(`ready ${url}\n`);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => resolve(body));
    request.on('error', reject);
  });
}
