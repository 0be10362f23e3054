import { createHash } from 'node:crypto';

export interface SshPublicKey {
  readonly type: string;
  /** `type base64`, without options or comment: what is handed to machines. */
  readonly openSsh: string;
  readonly comment: string;
  /** As `ssh-keygen -l` shows it: `SHA256:` and base64 without padding. */
  readonly fingerprint: string;
}

export type SshKeyFault = { readonly fault: string };

/** DSA and SHA-1 certificates are broken; certificates have a life of their own and are not keys to hand out. */
const TYPES: ReadonlySet<string> = new Set([
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]);

const RSA_BITS_MINIMUM = 3072;
const LENGTH_MAXIMUM = 8192;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * Reads one public key in OpenSSH's format (RFC 4253, 6.6 and RFC 8709). Refuses options, private keys, several lines,
 * types outside of the list, and RSA below 3072 bits (NIST SP 800-57: below 128 bits of strength).
 */
export function parseSshPublicKey(text: string): SshPublicKey | SshKeyFault {
  const line = text.trim();
  if (line.length > LENGTH_MAXIMUM) return { fault: `must have at most ${LENGTH_MAXIMUM} characters` };
  if (line.includes('PRIVATE KEY')) return { fault: 'is a private key; keep it to yourself and paste the .pub file' };
  if (/[\r\n]/.test(line)) return { fault: 'must be one line: one key at a time' };
  const [type, encoded, ...rest] = line.split(/[ \t]+/);
  if (type === undefined || encoded === undefined) return { fault: 'must look like "ssh-ed25519 AAAA… comment"' };
  if (!TYPES.has(type)) return { fault: `has the type "${type.slice(0, 40)}"; allowed are ${[...TYPES].join(', ')}` };
  const bytes = decodeBase64(encoded);
  const fields = bytes === null ? null : readFields(bytes);
  if (bytes === null || fields === null) return { fault: 'is damaged: its base64 does not hold a key' };
  if (fields[0]?.toString('latin1') !== type) return { fault: 'is damaged: the key inside is of another type' };
  const fault = type === 'ssh-rsa' ? rsaFault(fields) : shapeFault(type, fields);
  if (fault !== null) return { fault };
  const digest = createHash('sha256').update(bytes).digest('base64').replaceAll('=', '');
  return {
    type,
    openSsh: `${type} ${encoded}`,
    comment: rest.join(' ').slice(0, 200),
    fingerprint: `SHA256:${digest}`,
  };
}

/** Null when it is not base64 in its one canonical form: else one key would have many spellings. */
function decodeBase64(encoded: string): Buffer | null {
  if (!BASE64.test(encoded)) return null;
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.toString('base64') === encoded ? bytes : null;
}

/** The length-prefixed strings of an SSH key blob (RFC 4251, 5), or null when they do not fill it exactly. */
function readFields(bytes: Buffer): Buffer[] | null {
  const fields: Buffer[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    if (offset + 4 > bytes.length) return null;
    const end = offset + 4 + bytes.readUInt32BE(offset);
    if (end > bytes.length) return null;
    fields.push(bytes.subarray(offset + 4, end));
    offset = end;
  }
  return fields;
}

function rsaFault(fields: readonly Buffer[]): string | null {
  const [, exponent, modulus] = fields;
  if (fields.length !== 3 || exponent === undefined || modulus === undefined)
    return 'is damaged: not an RSA key inside';
  const bits = bitLength(modulus);
  return bits < RSA_BITS_MINIMUM ? `is an RSA key of ${bits} bits; at least ${RSA_BITS_MINIMUM} are needed` : null;
}

function bitLength(integer: Buffer): number {
  const start = integer.findIndex((byte) => byte !== 0);
  const lead = integer[start];
  return lead === undefined ? 0 : (integer.length - start - 1) * 8 + (32 - Math.clz32(lead));
}

/** How many strings a key of each type has after its type, and how long the point on the curve is. */
function shapeFault(type: string, fields: readonly Buffer[]): string | null {
  const isSecurityKey = type.startsWith('sk-');
  const isCurve = type.includes('ecdsa');
  const point = fields[isCurve ? 2 : 1];
  const count = (isCurve ? 3 : 2) + (isSecurityKey ? 1 : 0);
  const lengths: Readonly<Record<string, number>> = { nistp256: 65, nistp384: 97, nistp521: 133 };
  const curve = /nistp\d+/.exec(type)?.[0];
  const wanted = curve === undefined ? 32 : lengths[curve];
  if (fields.length !== count || point?.length !== wanted) return 'is damaged: the key inside has the wrong shape';
  if (curve !== undefined && fields[1]?.toString('latin1') !== curve)
    return 'is damaged: the curve inside is another one';
  return null;
}
