import type { Context } from 'oidc-provider';
import { escapeHtml, PAGE_HEADERS, renderPage } from './page-layout.js';

function send(context: Context, title: string, content: string): void {
  for (const [name, value] of Object.entries(PAGE_HEADERS)) context.set(name, value);
  context.body = renderPage(title, content);
}

/** The question of RP-initiated logout. `form` is the library's, with the forgery token; its id is `op.logoutForm`. */
export async function renderSignOut(context: Context, form: string): Promise<void> {
  const name = context.oidc.client?.clientName;
  const from = name === undefined ? 'An application' : escapeHtml(name);
  send(
    context,
    'Sign out?',
    `<p>${from} asks to end your session here.</p>
${form}
<div class="row">
<button class="primary" type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button type="submit" form="op.logoutForm">Stay signed in</button>
</div>`,
  );
}

export async function renderSignedOut(context: Context): Promise<void> {
  send(context, 'You are signed out', '<p>You can close this page.</p>');
}

/** Errors that must not go back to a client: unknown client, unregistered redirect URI, expired interaction. */
export async function renderError(context: Context, out: { error: string; error_description?: string }): Promise<void> {
  send(
    context,
    'This did not work',
    `<p role="alert">${escapeHtml(out.error_description ?? 'Unexpected error')}</p>
<p>Error code <code>${escapeHtml(out.error)}</code>. Go back to the application and start again.</p>`,
  );
}
