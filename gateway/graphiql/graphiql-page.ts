import type { GraphiqlOptions } from './graphiql-options.js';

/**
 * No inline script, nothing from elsewhere. The editor sets styles on elements from its script, which needs
 * `unsafe-inline` for styles.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What the page's script is told by the server. */
interface PageSettings {
  readonly path: string;
  readonly tabs: readonly { readonly query: string; readonly variables?: string }[];
  readonly credentials: readonly { readonly label: string; readonly authorization: string }[];
  readonly signInUrl: string | undefined;
}

export async function renderGraphiqlPage(options: GraphiqlOptions, path: string): Promise<string> {
  const title = escapeHtml(options.title ?? 'GraphQL');
  const settings: PageSettings = {
    path,
    tabs: (options.tabs ?? []).map(({ name, query, variables }) => ({
      query: `# ${name}\n${query.trim()}\n`,
      ...(variables ? { variables: JSON.stringify(variables, null, 2) } : {}),
    })),
    credentials: (await options.developmentCredentials?.()) ?? [],
    signInUrl: options.signInUrl,
  };
  const assets = `${path}/assets`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets}/graphiql.css">
<link rel="stylesheet" href="${assets}/page.css">
<script id="settings" type="application/json">${JSON.stringify(settings).replaceAll('<', '\\u003c')}</script>
<script defer src="${assets}/react.js"></script>
<script defer src="${assets}/react-dom.js"></script>
<script defer src="${assets}/graphiql.js"></script>
<script type="module" src="${assets}/page.js"></script>
</head>
<body>
<header class="bar">
<h1>${title}</h1>
<p class="state" id="state" role="status"><span class="dot"></span><span id="identity">Not signed in</span></p>
<form class="sign-in" id="sign-in">
<label for="credential" class="hidden">Sign in as</label>
<select id="credential" autocomplete="off"></select>
<label for="token" class="hidden">Access token</label>
<input id="token" type="password" placeholder="Paste an access token" autocomplete="off" spellcheck="false">
<button id="use" type="submit">Use token</button>
<a id="oidc" class="button" hidden>Sign in</a>
<button id="sign-out" type="button" hidden>Sign out</button>
</form>
</header>
<main id="graphiql" aria-busy="true"></main>
<noscript>This page needs JavaScript.</noscript>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
