import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { findSecrets } from './secret-detection.js';

// Put together at run time, so that no scanner takes this file for a leak.
const join = (...parts: string[]): string => parts.join('');
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
const JWT = join('eyJhbGciOiJSUzI1NiJ9', '.', 'eyJzdWIiOiJ1c3IifQ', '.', 'c2lnbmF0dXJlLWhlcmU');

const SECRETS: readonly (readonly [string, string, unknown])[] = [
  ['private_key', 'a PEM private key', join('-----BEGIN ', 'PRIVATE KEY-----\nMIIE')],
  ['private_key', 'an RSA private key', join('log: -----BEGIN RSA ', 'PRIVATE KEY-----')],
  ['private_key', 'an OpenSSH private key', join('-----BEGIN OPENSSH ', 'PRIVATE KEY-----')],
  ['private_key', 'an encrypted private key', join('-----BEGIN ENCRYPTED ', 'PRIVATE KEY-----')],
  ['private_key', 'a PGP private key', join('-----BEGIN PGP ', 'PRIVATE KEY BLOCK-----')],
  ['private_key', 'a PuTTY key', 'PuTTY-User-Key-File-3: ssh-ed25519'],
  ['private_key', 'an age key', join('AGE-SECRET-KEY-1', 'QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L')],
  ['private_key', 'a private JWK', '{"kty":"OKP","crv":"Ed25519","x":"abc","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZ"}'],
  ['token', 'a JWT', `token was ${JWT}`],
  ['token', 'a bearer header', 'authorization: Bearer abcdef0123456789abcdef'],
  ['token', 'a basic header', 'Authorization: Basic dXNlcjpwYXNzd29yZA=='],
  ['token', 'a GitHub token', join('gh', 'p_', letters)],
  ['token', 'a fine-grained GitHub token', join('github', '_pat_', letters)],
  ['token', 'a GitLab token', join('glpat', '-', letters.slice(0, 20))],
  ['token', 'a Slack token', join('xox', 'b-', '123456789012-abcdefghij')],
  ['token', 'an npm token', join('npm', '_', letters)],
  ['token', 'a Hugging Face token', join('hf', '_', letters)],
  ['token', 'a Vault token', join('hvs', '.', letters)],
  ['token', 'a payment key', join('sk', '_live_', letters)],
  ['token', 'a model provider key', join('sk', '-proj-', letters)],
  ['token', 'a token by its name', { access_token: 'abcdefgh' }],
  ['token', 'an API key by its name', { config: { apiKey: 'anything at all' } }],
  ['cloud_key', 'a cloud access key', join('AKIA', 'IOSFODNN7EXAMPLE')],
  ['cloud_key', 'a cloud secret key', join('aws_secret_access_key', ' = wJalrXUtnFEMI')],
  ['cloud_key', 'a cloud API key', join('AI', 'za', letters.slice(0, 35))],
  ['kubeconfig', 'a kubeconfig', 'apiVersion: v1\nkind: Config\nclusters:\n- name: x'],
  ['kubeconfig', 'the key of a kubeconfig', 'user:\n  client-key-data: LS0tLS1CRUdJTiB'],
  ['kubeconfig', 'a kubeconfig as JSON', '{"kind":"Config","apiVersion":"v1","users":[]}'],
  ['kubeconfig', 'a kubeconfig by its name', { kubeconfig: 'base64 of it' }],
  ['cookie', 'a Set-Cookie header', 'Set-Cookie: a=b; HttpOnly'],
  ['cookie', 'a Cookie header', 'cookie: session=abc'],
  ['cookie', 'a session cookie', 'JSESSIONID=0123456789ABCDEF'],
  ['cookie', 'a cookie by its name', { headers: { cookie: 'a=b; c=d' } }],
  ['otp_seed', 'an OTP link', 'otpauth://totp/Example:alice?issuer=Example'],
  ['otp_seed', 'an OTP seed', 'totp secret: JBSWY3DPEHPK3PXP'],
  ['otp_seed', 'recovery codes by their name', { recoveryCodes: ['1234-5678', '8765-4321'] }],
  ['password', 'a password assignment', 'PASSWORD=hunter2hunter2'],
  ['password', 'a password in JSON text', '{"password": "correct4horse"}'],
  ['password', 'a URL with a password', 'postgres://app:s3cretpw@db:5432/x'],
  ['password', 'a password by its name', { db: [{ password: 'letmein' }] }],
  ['token', 'a secret as a name', { [JWT]: 1 }],
];

const NEAR_MISSES: readonly (readonly [string, unknown])[] = [
  ['a public key in PEM', '-----BEGIN PUBLIC KEY-----\nMIIB'],
  ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB'],
  ['an SSH public key', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB7H me@host'],
  ['a public JWK', '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'],
  ['words about tokens', 'The token was rotated; the bearer of bad news left. password: changed'],
  ['a commit hash', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ['a digest', `sha256:${'ab'.repeat(32)}`],
  ['a token that is a digest', `token=sha256:${'ab'.repeat(32)}`],
  ['our identifiers', { id: newId('apk'), credentialId: newId('sak'), secret: newId('sec'), token: newId('ses') }],
  ['counts of tokens', { tokens: 1234, inputTokens: 5, tokenCount: '123456', token: 7, maxTokens: 'unlimited' }],
  [
    'names near those of secrets',
    {
      secretId: 'abcdefgh',
      passwordPolicy: 'at least 12',
      tokenEndpoint: 'https://x/oauth/token',
      cookiePolicy: 'strict',
    },
  ],
  ['stand-ins', { password: '[redacted]', token: '******', apiKey: '${API_KEY}', secret: '<secret>' }],
  ['a URL with a port', 'https://registry.example:5000/team/image@sha256:abc'],
  ['a URL with an address for mail', 'https://example.com/?to=alice@example.com'],
  ['a connection without a password', 'postgres://app@db:5432/x'],
  ['kubernetes objects that are no kubeconfig', 'apiVersion: v1\nkind: ConfigMap\ndata: {}'],
  ['talk of cookies', 'Set cookies to strict. The cookie: it crumbled'],
  ['a JWT cut short', 'eyJhbGciOiJSUzI1NiJ9.eyJ'],
  ['an identifier with the letters of a cloud key', 'AKIAISNOTAKEY'],
  ['words with a dash like a key', 'risk-assessment-of-the-new-datacentre, task-list-for-the-release-candidate'],
  ['OTP by name only', 'otp secret: enrolled'],
  ['numbers, nothing and booleans', [1, null, true, 2.5, {}]],
];

describe('secrets are found', () => {
  it.each(SECRETS)('%s: %s', (kind, _what, value) => {
    expect(findSecrets({ deep: [value] }).map((finding) => finding.kind)).toContain(kind);
  });

  it('with their place, and never with their value', () => {
    const findings = findSecrets({ a: [{ b: `x ${JWT}` }], password: 'letmein1' });
    expect(findings).toEqual([
      { kind: 'token', path: ['a', '0', 'b'] },
      { kind: 'password', path: ['password'] },
    ]);
    expect(JSON.stringify(findings)).not.toContain('letmein');
  });

  it('wherever they stand in a text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => findSecrets(`${before} ${JWT} ${after}`).length > 0),
      { numRuns: 200 },
    );
  });
});

describe('near misses are let through', () => {
  it.each(NEAR_MISSES)('%s', (_what, value) => {
    expect(findSecrets({ value })).toEqual([]);
  });

  it('any digest or identifier', () => {
    const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
    fc.assert(
      fc.property(fc.string(), (text) => findSecrets({ digest: digest(text), id: newId('aud') }).length === 0),
      { numRuns: 200, seed: 42 },
    );
  });
});

it('looks through hostile text in linear time', () => {
  const texts = [
    'bearer '.repeat(9000),
    'a://'.repeat(16_000),
    'password='.repeat(7000),
    'cookie:'.repeat(9000),
    'kind:Config'.repeat(6000),
    '"kty":'.repeat(10_000),
    'eyJaaaaaaaa.'.repeat(5000),
  ];
  const started = performance.now();
  for (const text of texts) findSecrets({ text });
  expect(performance.now() - started).toBeLessThan(1500);
});
