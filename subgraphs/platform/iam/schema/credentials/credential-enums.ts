import { registerEnumType } from 'type-graphql';

export enum CredentialState {
  ACTIVE = 'active',
  EXPIRED = 'expired',
  REVOKED = 'revoked',
}
registerEnumType(CredentialState, {
  name: 'CredentialState',
  description: 'Whether a key counts.',
  valuesConfig: {
    ACTIVE: { description: 'It counts.' },
    EXPIRED: { description: 'Its time is over.' },
    REVOKED: { description: 'It was revoked.' },
  },
});

export enum SecretDisclosure {
  REVEALED = 'REVEALED',
  ALREADY_REVEALED = 'ALREADY_REVEALED',
  NONE = 'NONE',
}
registerEnumType(SecretDisclosure, {
  name: 'SecretDisclosure',
  description: 'Why an answer has a secret or not.',
  valuesConfig: {
    REVEALED: { description: 'It is in this answer, and never again.' },
    ALREADY_REVEALED: {
      description:
        'The answer repeats an earlier one, which had it. If it is lost, make a new key and revoke this one.',
    },
    NONE: { description: 'There is no secret: the client keeps a private key.' },
  },
});

export function credentialState(row: { revokedAt: Date | null; expiresAt: Date | null }, now: Date): CredentialState {
  if (row.revokedAt !== null) return CredentialState.REVOKED;
  return row.expiresAt !== null && row.expiresAt <= now ? CredentialState.EXPIRED : CredentialState.ACTIVE;
}

/** What a payload says of a secret, from what the command revealed. */
export function disclosure(
  reveal: string | undefined,
  hasSecret: boolean,
): { secret: string | null; secretDisclosure: SecretDisclosure } {
  if (reveal !== undefined) return { secret: reveal, secretDisclosure: SecretDisclosure.REVEALED };
  return { secret: null, secretDisclosure: hasSecret ? SecretDisclosure.ALREADY_REVEALED : SecretDisclosure.NONE };
}
