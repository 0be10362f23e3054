import type { DevelopmentCredential } from '../../gateway/index.js';
import type { Configuration } from '../../kernel/configuration/configuration.js';
import { signIn } from './identity-provider/index.js';
import { MEMBER, OPERATOR, OWNER, STRANGER } from './people.js';

const CALLBACK = 'http://127.0.0.1:8400/callback';
const RENEW_MILLISECONDS = 120_000;

const OFFERED = [
  { person: OPERATOR, label: 'Operator' },
  { person: OWNER, label: 'Organization owner' },
  { person: MEMBER, label: 'Project member' },
  { person: STRANGER, label: 'Stranger' },
];

/** An access token of a person of the development directory, by the same sign-in that a browser does. */
export async function developmentToken(
  configuration: Configuration,
  subject: string,
): Promise<{ token: string; expiresInSeconds: number }> {
  const issuer = configuration.oidc.issuer ?? '';
  const tokens = await signIn({
    issuer,
    clientId: 'cli',
    redirectUri: CALLBACK,
    subject,
    scope: 'openid email profile',
  });
  return { token: tokens.accessToken, expiresInSeconds: tokens.expiresInSeconds ?? 600 };
}

/** Ready-made sign-ins for GraphiQL, kept until shortly before they end. */
export function graphiqlCredentials(configuration: Configuration): () => Promise<readonly DevelopmentCredential[]> {
  const kept = new Map<string, { token: string; until: number }>();
  const tokenOf = async (subject: string): Promise<string> => {
    const known = kept.get(subject);
    if (known !== undefined && known.until > Date.now()) return known.token;
    const { token, expiresInSeconds } = await developmentToken(configuration, subject);
    kept.set(subject, { token, until: Date.now() + expiresInSeconds * 1000 - RENEW_MILLISECONDS });
    return token;
  };
  return () =>
    Promise.all(
      OFFERED.map(async ({ person, label }) => ({
        label: `${label} (${person.name})`,
        authorization: `Bearer ${await tokenOf(person.subject)}`,
      })),
    );
}
