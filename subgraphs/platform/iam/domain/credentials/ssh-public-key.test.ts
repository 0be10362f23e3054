import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type SshPublicKey, parseSshPublicKey } from './ssh-public-key.js';

function field(bytes: Buffer | string): Buffer {
  const content = Buffer.from(bytes as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

function line(type: string, ...fields: (Buffer | string)[]): string {
  return `${type} ${Buffer.concat([field(type), ...fields.map((part) => field(part))]).toString('base64')}`;
}

function ed25519(comment = ''): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  return `${line('ssh-ed25519', Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'))} ${comment}`.trim();
}

function rsa(bits: number): string {
  const { n, e } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
  return line(
    'ssh-rsa',
    Buffer.from(e ?? '', 'base64url'),
    Buffer.concat([Buffer.from([0]), Buffer.from(n ?? '', 'base64url')]),
  );
}

const parsed = (text: string): SshPublicKey => {
  const key = parseSshPublicKey(text);
  if ('fault' in key) throw new Error(key.fault);
  return key;
};

describe('an SSH public key', () => {
  it('has the fingerprint that OpenSSH shows, and loses its comment', () => {
    // Published by GitHub: https://docs.github.com/authentication/keeping-your-account-and-data-secure/githubs-ssh-key-fingerprints
    const github = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl github.com';
    expect(parsed(github)).toEqual({
      type: 'ssh-ed25519',
      openSsh: github.replace(' github.com', ''),
      comment: 'github.com',
      fingerprint: 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU',
    });
    const ecdsa =
      'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=';
    expect(parsed(ecdsa).fingerprint).toBe('SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM');
  });

  it('is refused when it is too weak, of a broken type, or not one key', () => {
    expect(parseSshPublicKey(rsa(2048))).toEqual({ fault: 'is an RSA key of 2048 bits; at least 3072 are needed' });
    expect(parseSshPublicKey(line('ssh-dss', 'x'))).toHaveProperty('fault');
    expect(parseSshPublicKey(line('ssh-ed25519-cert-v01@openssh.com', 'x'))).toHaveProperty('fault');
    expect(parseSshPublicKey(`command="rm -rf /" ${ed25519()}`)).toHaveProperty('fault');
    expect(parseSshPublicKey(`${ed25519()}\n${ed25519()}`)).toHaveProperty('fault');
    expect(parseSshPublicKey('-----BEGIN OPENSSH PRIVATE KEY-----')).toMatchObject({
      fault: expect.stringContaining('private key'),
    });
    expect(parseSshPublicKey('')).toHaveProperty('fault');
    expect(parseSshPublicKey('x'.repeat(10_000))).toHaveProperty('fault');
  });

  it('is refused when it is damaged', () => {
    const good = ed25519();
    const [type, encoded = ''] = good.split(' ');
    for (const bad of [
      `${type} ${encoded.slice(0, -8)}`,
      `${type} ${encoded}AAAA`,
      `${type} !!!!`,
      `${type} ${encoded.replace('AAAAC3', 'AAAAD3')}`,
    ]) {
      expect(parseSshPublicKey(bad)).toHaveProperty('fault');
    }
    expect(parseSshPublicKey(`ecdsa-sha2-nistp256 ${encoded}`)).toHaveProperty('fault');
    expect(parseSshPublicKey(line('ssh-ed25519', Buffer.alloc(31)))).toHaveProperty('fault');
    expect(parseSshPublicKey(line('ecdsa-sha2-nistp256', 'nistp384', Buffer.alloc(65)))).toHaveProperty('fault');
  });
});
