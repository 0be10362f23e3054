import type { DevelopmentUser } from './identity-provider-options.js';
import { escapeHtml, renderPage } from './page-layout.js';

export interface SignInPage {
  readonly applicationName: string;
  readonly users: readonly DevelopmentUser[];
  /** The client asked for a context that needs a second factor. */
  readonly isStepUp: boolean;
  /** `login_hint`: a subject or an e-mail address, shown first. */
  readonly hint?: string | undefined;
  readonly alert?: string | undefined;
}

const TONES = 6;

/** One form per person, so that a click, a keyboard, a browser without JavaScript and a script do the same POST. */
export function renderSignInPage(page: SignInPage): string {
  const isHinted = (user: DevelopmentUser): boolean => user.subject === page.hint || user.email === page.hint;
  const ordered = [...page.users].sort((left, right) => Number(isHinted(right)) - Number(isHinted(left)));
  const intro = page.isStepUp
    ? `${escapeHtml(page.applicationName)} asks for a second factor. Choosing a person confirms it.`
    : `Choose who to continue as in ${escapeHtml(page.applicationName)}.`;
  return renderPage(
    page.isStepUp ? 'Confirm it is you' : 'Sign in',
    `<p>${intro}</p>
${page.alert === undefined ? '' : `<p role="alert">${escapeHtml(page.alert)}</p>`}
${ordered.map((user) => personForm(user, page.isStepUp, isHinted(user))).join('\n')}
<form method="post"><button class="quiet" name="cancel" value="yes">Cancel</button></form>`,
  );
}

function personForm(user: DevelopmentUser, isStepUp: boolean, isHinted: boolean): string {
  const name = escapeHtml(user.name);
  const password =
    user.password === undefined
      ? ''
      : `<input type="password" name="password" placeholder="Password of ${name}" aria-label="Password of ${name}" autocomplete="off" required>`;
  return `<form method="post">
<input type="hidden" name="subject" value="${escapeHtml(user.subject)}">
${isStepUp ? '<input type="hidden" name="second_factor" value="confirmed">' : ''}
<button class="person${isHinted ? ' hinted' : ''}">
<span class="avatar tone-${tone(user.subject)}" aria-hidden="true">${escapeHtml(initials(user.name))}</span>
<span><strong>${name}</strong><small>${escapeHtml(user.email)}</small></span>
<i aria-hidden="true">&rarr;</i>
</button>
${password}
</form>`;
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '');
  return [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => word?.[0]?.toUpperCase() ?? '').join('');
}

function tone(subject: string): number {
  let sum = 0;
  for (const character of subject) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % TONES;
}
