/** What looks like a secret, and where; never the value itself. */
export interface SecretFinding {
  readonly kind: SecretKind;
  readonly path: readonly string[];
}

export type SecretKind = 'private_key' | 'token' | 'cloud_key' | 'kubeconfig' | 'cookie' | 'otp_seed' | 'password';

interface Rule {
  readonly kind: SecretKind;
  readonly pattern: RegExp;
}

// Forms that are secrets by themselves. Linear patterns only: the text comes from strangers.
const RULES: readonly Rule[] = [
  { kind: 'private_key', pattern: /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----/ },
  { kind: 'private_key', pattern: /PuTTY-User-Key-File-\d|AGE-SECRET-KEY-1[0-9A-Z]{20}/ },
  { kind: 'private_key', pattern: /"kty"\s{0,9}:[^}]{0,2000}"d"\s{0,9}:\s{0,9}"[\w-]{16}/ },
  { kind: 'token', pattern: /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/ },
  { kind: 'token', pattern: /\bbearer\s{1,9}[\w.~+/-]{16,}/i },
  { kind: 'token', pattern: /\bauthorization\s{0,9}[:=]\s{0,9}["']?basic\s{1,9}[\w+/]{8,}/i },
  { kind: 'token', pattern: /\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}/ },
  {
    kind: 'token',
    pattern: /\bxox[abeprs]-[\w-]{10,}|\bnpm_[A-Za-z0-9]{30,}|\bhf_[A-Za-z0-9]{20,}|\bnvapi-[\w-]{20,}/,
  },
  { kind: 'token', pattern: /\b[hb]vs\.[\w-]{20,}|\bs\.[A-Za-z0-9]{24}\b|\bdop_v1_[a-f0-9]{40,}/ },
  {
    kind: 'token',
    pattern: /\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9+/=]{16,}|\bsk-[\w-]{20,}/,
  },
  { kind: 'cloud_key', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{35}/ },
  { kind: 'cloud_key', pattern: /aws_secret_access_key\s{0,9}[:=]|"private_key_id"\s{0,9}:\s{0,9}"[a-f0-9]{20}/i },
  { kind: 'kubeconfig', pattern: /\b(?:client-key-data|client-certificate-data)["']?\s{0,9}:/ },
  {
    kind: 'kubeconfig',
    pattern: /\bkind["']?\s{0,9}:\s{0,9}["']?Config\b[\s\S]{0,4000}\b(?:users|clusters)["']?\s{0,9}:/,
  },
  { kind: 'cookie', pattern: /\bset-cookie\s{0,9}:|\bcookie\s{0,9}:\s{0,9}[^\s=;]{1,100}=/i },
  {
    kind: 'cookie',
    pattern:
      /\b(?:JSESSIONID|PHPSESSID|connect\.sid|sessionid|AUTH_SESSION_ID|KEYCLOAK_SESSION|__(?:Host|Secure)-[\w-]{1,60})=[^\s;]{8,}/i,
  },
  { kind: 'otp_seed', pattern: /otpauth(?:-migration)?:\/\//i },
  {
    kind: 'otp_seed',
    pattern: /\b(?:otp|totp|hotp|mfa|2fa)[ _-]?(?:seed|secret)["']?\s{0,9}[:=]?\s{0,9}["']?[A-Z2-7]{16,}/i,
  },
  { kind: 'password', pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,100}:[^\s/@"']{3,200}@/i },
];

// `password=…` and the like: the value decides. Words are prose; identifiers and digests of ours are no secrets.
const ASSIGNMENT =
  /\b(?:password|passwd|passphrase|secret|client[_-]?secret|api[_-]?key|access[_-]?key|access[_-]?token|refresh[_-]?token|auth[_-]?token|token|private[_-]?key)["']?\s{0,9}[:=]\s{0,9}["']?([^\s"',;]{8,400})/gi;
const SECRET_NAME =
  /^(?:password|passwd|passphrase|secret|secret[_-]?key|client[_-]?secret|api[_-]?key|access[_-]?key|secret[_-]?access[_-]?key|access[_-]?token|refresh[_-]?token|id[_-]?token|auth[_-]?token|bearer|token|private[_-]?key|kube[_-]?config|cookie|set[_-]?cookie|session[_-]?cookie|authorization|otp|otp[_-]?seed|totp[_-]?secret|otp[_-]?secret|mfa[_-]?secret|recovery[_-]?codes?)$/i;
const HARMLESS =
  /^(?:[a-z]{3,4}_[0-7][0-9a-hjkmnp-tv-z]{25}|sha(?:256|384|512):[a-f0-9]{32,128}|\[?redacted\]?|\*+|x+|<[^>]*>|\$\{?[\w.]+\}?|null|undefined|true|false)$/i;
const VALUE_LENGTH_MIN = 6;

/** Finds what looks like a secret anywhere in a JSON value: passwords, tokens, private keys, kubeconfigs, cookies, OTP seeds. */
export function findSecrets(value: unknown): SecretFinding[] {
  const findings: SecretFinding[] = [];
  inspect(value, [], findings);
  return findings;
}

function inspect(value: unknown, path: readonly string[], findings: SecretFinding[]): void {
  if (typeof value === 'string') {
    const kind = kindOf(value);
    if (kind !== null) findings.push({ kind, path });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) inspect(item, [...path, String(index)], findings);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      // The name itself is text that somebody chose.
      if (kindOf(name) !== null) findings.push({ kind: 'token', path: [...path, '(name)'] });
      else if (isNamedSecret(name, item)) findings.push({ kind: kindOfName(name), path: [...path, name] });
      else inspect(item, [...path, name], findings);
    }
  }
}

function kindOf(text: string): SecretKind | null {
  if (text.length < VALUE_LENGTH_MIN) return null;
  for (const { kind, pattern } of RULES) if (pattern.test(text)) return kind;
  for (const [, value] of text.matchAll(ASSIGNMENT)) if (value !== undefined && isSecretValue(value)) return 'password';
  return null;
}

/** In running text: letters and digits mixed, as secrets are and words are not. */
function isSecretValue(value: string): boolean {
  return !HARMLESS.test(value) && /\d/.test(value) && /[a-z]/i.test(value);
}

/** Under a name that says secret, any text that is not plainly a stand-in counts. */
function isNamedSecret(name: string, value: unknown): boolean {
  if (!SECRET_NAME.test(name)) return false;
  const texts = Array.isArray(value) ? value : [value];
  return texts.some((text) => typeof text === 'string' && text.length >= VALUE_LENGTH_MIN && !HARMLESS.test(text));
}

function kindOfName(name: string): SecretKind {
  if (/cookie/i.test(name)) return 'cookie';
  if (/kube/i.test(name)) return 'kubeconfig';
  if (/otp|mfa|recovery/i.test(name)) return 'otp_seed';
  if (/private/i.test(name)) return 'private_key';
  return /token|bearer|authorization|key/i.test(name) ? 'token' : 'password';
}
