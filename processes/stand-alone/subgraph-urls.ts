import { type ConstDirectiveNode, type DocumentNode, GraphQLError, Kind, parse } from 'graphql';
import { subgraphsOf } from '../../gateway/index.js';
import { PlatformError } from '../../kernel/errors/platform-error.js';

/** Features by which other routers protect fields. This gateway's own protection is `@access`. */
const UNENFORCED_FEATURES = /\/(authenticated|requiresScopes|policy)\/v[\d.]+$/;

/**
 * Where each subgraph of the supergraph is served. Throws `BAD_USER_INPUT` if the text is no supergraph, if a subgraph
 * has no HTTP URL, or if it relies on protection that this gateway does not give (unless `isUnprotected`).
 */
export function subgraphUrls(supergraphSdl: string, isUnprotected: boolean): ReadonlyMap<string, string> {
  const document = parsed(supergraphSdl);
  const unenforced = linkedFeatures(document).flatMap((url) => UNENFORCED_FEATURES.exec(url)?.[1] ?? []);
  if (unenforced.length > 0 && !isUnprotected) {
    const names = unenforced.map((name) => `@${name}`).join(', ');
    throw refused(`${names} in the supergraph would not be enforced; --unprotected serves it all the same`);
  }
  const urls = subgraphsOf(document);
  if (urls.size === 0) throw refused('this is no supergraph: it joins no subgraphs');
  for (const [name, url] of urls) {
    if (url === '') throw refused(`the subgraph "${name}" has no URL in the supergraph`);
    if (!isHttp(url)) throw refused(`the subgraph "${name}" has no HTTP URL in the supergraph, but "${url}"`);
  }
  return urls;
}

function parsed(supergraphSdl: string): DocumentNode {
  try {
    return parse(supergraphSdl, { noLocation: true });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const line = error.locations?.[0]?.line;
    throw refused(`the supergraph is no GraphQL${line === undefined ? '' : `, line ${line}`}: ${error.message}`);
  }
}

/** The URLs of `@link`, and of its predecessor `@core`, on the schema. */
function linkedFeatures(document: DocumentNode): string[] {
  return document.definitions
    .flatMap((node): readonly ConstDirectiveNode[] =>
      node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION ? (node.directives ?? []) : [],
    )
    .filter(({ name }) => name.value === 'link' || name.value === 'core')
    .flatMap((directive) => textOf(directive, 'url') ?? textOf(directive, 'feature') ?? []);
}

function textOf(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}

function isHttp(url: string): boolean {
  return /^https?:$/.test(URL.parse(url)?.protocol ?? '');
}

function refused(reason: string): PlatformError {
  return new PlatformError('BAD_USER_INPUT', reason);
}
