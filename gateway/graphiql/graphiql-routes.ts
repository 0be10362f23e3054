import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PlatformError } from '../../kernel/errors/platform-error.js';
import { loadGraphiqlAssets, type Asset } from './graphiql-assets.js';
import type { GraphiqlOptions } from './graphiql-options.js';
import { CONTENT_SECURITY_POLICY, renderGraphiqlPage } from './graphiql-page.js';

/** Serves the page's files under `path/assets/`. */
export function serveGraphiqlAssets(fastify: FastifyInstance, path: string): void {
  let loading: Promise<ReadonlyMap<string, Asset>> | undefined;
  fastify.get<{ Params: { name: string } }>(`${path}/assets/:name`, async (request, reply) => {
    loading ??= loadGraphiqlAssets();
    const asset = (await loading).get(request.params.name);
    if (!asset) throw new PlatformError('NOT_FOUND', 'There is no such file.');
    reply.headers({
      'content-type': asset.type,
      'cache-control': 'public, max-age=600',
      'x-content-type-options': 'nosniff',
      vary: 'accept-encoding',
      etag: asset.etag,
    });
    if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send();
    if (!request.headers['accept-encoding']?.includes('gzip')) return reply.send(asset.body);
    return reply.header('content-encoding', 'gzip').send(asset.gzipped);
  });
}

/** A browser that navigates to the endpoint wants the page; a query in the address is answered as GraphQL. */
export function wantsPage({ method, headers, url }: FastifyRequest): boolean {
  return method === 'GET' && (headers.accept ?? '').includes('text/html') && !/[?&]query=/.test(url);
}

export async function sendGraphiqlPage(reply: FastifyReply, options: GraphiqlOptions, path: string): Promise<void> {
  await reply
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    .send(await renderGraphiqlPage(options, path));
}
