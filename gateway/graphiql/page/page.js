// The script of the GraphiQL page. Runs in browsers as it stands: no build, nothing from elsewhere.
import { createClient } from './graphql-ws.js';

const { React, ReactDOM, GraphiQL } = globalThis;
const settings = JSON.parse(document.getElementById('settings').textContent);
const endpoint = new URL(settings.path, location.href);
const STORED_IDENTITY = 'graphiql-identity';

/** Who the requests are sent as: kept for this tab of the browser only. */
let identity = readIdentity();
let socketClient;

function readIdentity() {
  try {
    return JSON.parse(sessionStorage.getItem(STORED_IDENTITY)) ?? undefined;
  } catch {
    return undefined;
  }
}

function signIn(next) {
  identity = next;
  if (next) sessionStorage.setItem(STORED_IDENTITY, JSON.stringify(next));
  else sessionStorage.removeItem(STORED_IDENTITY);
  // A WebSocket keeps the identity it was opened with: the next subscription opens another.
  void socketClient?.dispose();
  socketClient = undefined;
  showIdentity();
}

const element = (id) => document.getElementById(id);
const PASTE = 'paste';

function showIdentity() {
  element('state').classList.toggle('signed-in', Boolean(identity));
  element('identity').textContent = identity ? identity.label : 'Not signed in';
  element('sign-out').hidden = !identity;
  element('oidc').hidden = !settings.signInUrl || Boolean(identity);
  const index = settings.credentials.findIndex(({ label }) => label === identity?.label);
  element('credential').value = index >= 0 ? String(index) : identity ? PASTE : '';
  showTokenInput();
}

function showTokenInput() {
  const isPasting = settings.credentials.length === 0 || element('credential').value === PASTE;
  element('token').hidden = !isPasting;
  element('use').hidden = !isPasting;
}

function fillSignIn() {
  const select = element('credential');
  select.hidden = settings.credentials.length === 0;
  select.append(new Option('Sign in as…', ''));
  settings.credentials.forEach(({ label }, index) => select.append(new Option(label, String(index))));
  select.append(new Option('Paste a token…', PASTE));
  select.addEventListener('change', () => {
    const credential = settings.credentials[Number(select.value)];
    if (select.value === '') signIn(undefined);
    else if (select.value === PASTE) showTokenInput();
    else signIn(credential);
  });
  element('sign-in').addEventListener('submit', (event) => {
    event.preventDefault();
    const token = element('token')
      .value.trim()
      .replace(/^Bearer\s+/i, '');
    element('token').value = '';
    if (token) signIn({ label: `Token …${token.slice(-6)}`, authorization: `Bearer ${token}` });
  });
  element('sign-out').addEventListener('click', () => signIn(undefined));
  if (settings.signInUrl) element('oidc').href = settings.signInUrl;
}

function operationOf(documentAST, operationName) {
  const operations = (documentAST?.definitions ?? []).filter(({ kind }) => kind === 'OperationDefinition');
  return operations.find(({ name }) => name?.value === operationName) ?? operations[0];
}

function authorizationHeaders(headers) {
  return { ...(identity ? { authorization: identity.authorization } : {}), ...headers };
}

function subscribe(parameters, headers) {
  const socketUrl = new URL(endpoint);
  socketUrl.protocol = endpoint.protocol.replace('http', 'ws');
  socketClient ??= createClient({
    url: socketUrl.href,
    retryAttempts: 0,
    connectionParams: () => authorizationHeaders(headers),
  });
  return socketClient.iterate(parameters);
}

async function request(parameters, headers) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...authorizationHeaders(headers),
    },
    body: JSON.stringify(parameters),
  });
  return response.json();
}

function fetcher({ operationName, query, variables }, { documentAST, headers } = {}) {
  const parameters = { query, variables, ...(operationName ? { operationName } : {}) };
  const isSubscription = operationOf(documentAST, operationName)?.operation === 'subscription';
  return isSubscription ? subscribe(parameters, headers) : request(parameters, headers);
}

fillSignIn();
showIdentity();
ReactDOM.createRoot(element('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultTabs: settings.tabs.length > 0 ? settings.tabs : undefined,
    // GraphiQL takes the variables of the first tab from here, unless it remembers tabs.
    variables: localStorage.getItem('graphiql:tabState') ? undefined : settings.tabs[0]?.variables,
    defaultEditorToolsVisibility: 'variables',
    shouldPersistHeaders: false,
    defaultQuery: '# Ctrl-Space completes, Ctrl-Enter runs.\n\nquery Hello {\n  __typename\n}\n',
  }),
);
element('graphiql').removeAttribute('aria-busy');
