import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type Interaction, type Provider } from 'oidc-provider';
import { reachableLevel, requestedContexts, plainLevel, satisfies } from './authentication-level.js';
import type { DevelopmentUser, IdentityProviderLogger } from './identity-provider-options.js';
import { escapeHtml, PAGE_HEADERS, renderPage } from './page-layout.js';
import { renderSignInPage } from './sign-in-page.js';

const FORM_BYTES_MAX = 16 * 1024;

export interface SignInInteraction {
  readonly provider: Provider;
  readonly users: readonly DevelopmentUser[];
  readonly logger?: IdentityProviderLogger | undefined;
}

/**
 * Answers `…/interaction/<uid>`: GET shows the people, POST signs one in. The interaction cookie is bound to this path
 * and SameSite=Lax, so another site can neither read nor submit the form.
 */
export async function handleSignIn(
  context: SignInInteraction,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const interaction = await context.provider.interactionDetails(request, response);
    if (interaction.prompt.name === 'consent') return await finish(context, request, response, { consent: {} }, true);
    if (request.method === 'POST') return await submit(context, interaction, request, response);
    return await show(context, interaction, response, 200);
  } catch (error) {
    if (!(error instanceof errors.SessionNotFound)) throw error;
    sendNotice(
      response,
      400,
      'This sign-in has ended',
      'It expired or was finished already. Start again in the application.',
    );
  }
}

async function submit(
  context: SignInInteraction,
  interaction: Interaction,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const form = await readForm(request);
  if (form === undefined) return sendNotice(response, 413, 'This form is too large', 'A sign-in needs a subject only.');
  if (form.has('cancel')) {
    const refusal = { error: 'access_denied', error_description: 'the person cancelled the sign-in' };
    return finish(context, request, response, refusal);
  }
  const user = context.users.find(({ subject }) => subject === form.get('subject'));
  if (user === undefined) return show(context, interaction, response, 400, 'There is no such person here.');
  if (user.password !== undefined && user.password !== form.get('password')) {
    context.logger?.warn({ subject: user.subject }, 'development sign-in with a wrong password');
    return show(context, interaction, response, 401, `That is not the password of ${user.name}.`);
  }
  const requested = requestedContexts(interaction.params['acr_values']);
  const needsSecondFactor = !satisfies(plainLevel(user).acr, requested);
  if (needsSecondFactor && form.get('second_factor') !== 'confirmed') {
    return show(context, interaction, response, 401, 'This sign-in needs the second factor.');
  }
  const level = reachableLevel(user, requested);
  if (level === undefined) {
    const description = `${user.name} cannot reach the requested acr_values`;
    return finish(context, request, response, {
      error: 'unmet_authentication_requirements',
      error_description: description,
    });
  }
  return finish(context, request, response, { login: { accountId: user.subject, ...level } });
}

async function finish(
  context: SignInInteraction,
  request: IncomingMessage,
  response: ServerResponse,
  result: Parameters<Provider['interactionFinished']>[2],
  mergeWithLastSubmission = false,
): Promise<void> {
  await context.provider.interactionFinished(request, response, result, { mergeWithLastSubmission });
}

async function show(
  context: SignInInteraction,
  interaction: Interaction,
  response: ServerResponse,
  status: number,
  alert?: string,
): Promise<void> {
  const clientId = interaction.params['client_id'] ?? '';
  const client = await context.provider.Client.find(clientId);
  const requested = requestedContexts(interaction.params['acr_values']);
  const page = renderSignInPage({
    applicationName: client?.clientName ?? clientId,
    users: context.users,
    isStepUp: context.users.some((user) => !satisfies(plainLevel(user).acr, requested)),
    hint: interaction.params['login_hint'] ?? interaction.session?.accountId,
    alert,
  });
  response.writeHead(status, PAGE_HEADERS).end(page);
}

function sendNotice(response: ServerResponse, status: number, title: string, sentence: string): void {
  response.writeHead(status, PAGE_HEADERS).end(renderPage(title, `<p role="alert">${escapeHtml(sentence)}</p>`));
}

/** The posted fields, or undefined when there are more bytes than a sign-in needs. */
async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes > FORM_BYTES_MAX) return undefined;
    chunks.push(chunk as Buffer);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
