import { generateKeyPairSync } from 'node:crypto';
import type { Actor } from '../../../../kernel/access/actor.js';
import type { WholeIam } from './whole-iam.js';

const FAULTS = 'userErrors { code field message }';

/** What the mutations of credentials answer, whichever of them. */
export interface CredentialPayload {
  readonly userErrors: { code: string; field: string[] | null }[];
  readonly serviceAccount: { id: string; slug: string; state: string; availableActions: string[] } | null;
  readonly key: { id: string; state: string; lastFour: string | null } | null;
  readonly apiKey: { id: string; state: string; prefix: string; lastFour: string; allowList: string[] } | null;
  readonly sshKey: { id: string; fingerprint: string; name: string } | null;
  readonly removedId: string | null;
  readonly secret: string | null;
  readonly secretDisclosure: string | null;
}

export const codes = (payload: CredentialPayload): string[] => payload.userErrors.map((error) => error.code);

/** A new Ed25519 key in OpenSSH format. */
export function sshKey(): string {
  const raw = Buffer.from(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]).toString('base64')} ada@laptop`;
}

/** The mutations of credentials over GraphQL, by the project's administrator unless told. */
export class CredentialMutations {
  readonly #world: WholeIam;
  #slugs = 0;

  constructor(world: WholeIam) {
    this.#world = world;
  }

  async #mutate(
    field: string,
    selection: string,
    input: Record<string, unknown>,
    actor: Actor | undefined,
  ): Promise<CredentialPayload> {
    const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`.replace(
      /(Disable|Enable|Delete)Input$/,
      'ChangeInput',
    );
    const source = `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} ${FAULTS} } }`;
    return this.#world.run(actor ?? this.#world.home.admin, source, { input });
  }

  async createAccount(input: Record<string, unknown> = {}, actor?: Actor): Promise<CredentialPayload> {
    this.#slugs += 1;
    const { projectId } = this.#world.home;
    const values = { projectId, name: 'Robot', slug: `robot-${this.#slugs}`, allowList: ['allocations.*'], ...input };
    return this.#mutate('serviceAccountCreate', 'serviceAccount { id slug state availableActions }', values, actor);
  }

  /** A new service account. */
  async accountId(): Promise<string> {
    return (await this.createAccount()).serviceAccount?.id ?? '';
  }

  async createKey(input: Record<string, unknown>, actor?: Actor): Promise<CredentialPayload> {
    return this.#mutate('serviceAccountKeyCreate', 'key { id state lastFour } secret secretDisclosure', input, actor);
  }

  async change(action: 'Disable' | 'Enable' | 'Delete', id: string, actor?: Actor): Promise<CredentialPayload> {
    const input = { id, reason: 'a test', idempotencyKey: null };
    return this.#mutate(`serviceAccount${action}`, 'serviceAccount { id slug state availableActions }', input, actor);
  }

  async createApiKey(input: Record<string, unknown> = {}, actor?: Actor): Promise<CredentialPayload> {
    const values = { projectId: this.#world.home.projectId, name: 'laptop', expiresAt: null, ...input };
    return this.#mutate(
      'apiKeyCreate',
      'apiKey { id state prefix lastFour allowList } secret secretDisclosure',
      values,
      actor,
    );
  }

  async revokeApiKey(id: string, actor: Actor): Promise<CredentialPayload> {
    const selection = `apiKey { id state prefix lastFour allowList } ${FAULTS}`;
    return this.#world.run(actor, `mutation ($id: ID!) { apiKeyRevoke(input: { id: $id }) { ${selection} } }`, { id });
  }

  async addSshKey(input: Record<string, unknown>, actor?: Actor): Promise<CredentialPayload> {
    return this.#mutate('sshKeyAdd', 'sshKey { id fingerprint name }', input, actor);
  }
}
