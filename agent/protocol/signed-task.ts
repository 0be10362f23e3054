import { KeyObject, sign as signEd25519 } from 'node:crypto';
import { type CryptoKey, type JWK, compactVerify, importJWK } from 'jose';
import { z } from 'zod';
import { TASK_TYPES, type TaskParams, type TaskType, isTaskType } from './task-types.js';

/** Media type of a signed task in its JWS header (RFC 7515, `typ`): a signature over anything else is no task. */
export const TASK_MEDIA_TYPE = 'node-task+jws';
export const VERIFIERS_MEDIA_TYPE = 'node-task-verifiers+jws';

const envelope = z.strictObject({
  taskId: z.string().min(1),
  nodeId: z.string().min(1),
  type: z.string().min(1),
  params: z.record(z.string(), z.unknown()),
  /** The node's epoch that the task was made for. */
  epoch: z.int().min(0),
  /** Rises with every task about the same allocation; 0 for tasks about the node itself. */
  fence: z.int().min(0),
  /** Seconds since 1970. */
  issuedAt: z.int(),
  expiresAt: z.int(),
});

export type TaskEnvelope = z.output<typeof envelope>;

/** A task whose signature, expiry, type and parameters were checked. */
export interface VerifiedTask<Type extends TaskType = TaskType> extends Omit<TaskEnvelope, 'type' | 'params'> {
  readonly type: Type;
  readonly params: TaskParams<Type>;
}

export interface SigningKey {
  readonly keyId: string;
  /** Ed25519, private. */
  readonly key: CryptoKey | KeyObject;
}

const keyObjects = new WeakMap<CryptoKey, KeyObject>();

/** Signs a task (JWS compact, Ed25519, RFC 8037). */
export async function signTask(task: TaskEnvelope, signer: SigningKey): Promise<string> {
  return sign(task, TASK_MEDIA_TYPE, signer);
}

// By hand, since tasks are signed by the thousand: the signature itself is half of what a library's general way costs.
async function sign(payload: object, mediaType: string, signer: SigningKey): Promise<string> {
  const header = { alg: 'EdDSA', kid: signer.keyId, typ: mediaType };
  const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(payload))}`;
  return `${input}.${signEd25519(null, Buffer.from(input), keyObject(signer.key)).toString('base64url')}`;
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function keyObject(key: SigningKey['key']): KeyObject {
  if (key instanceof KeyObject) return key;
  const known = keyObjects.get(key);
  if (known !== undefined) return known;
  const made = KeyObject.from(key);
  keyObjects.set(key, made);
  return made;
}

/** Why a task is not carried out. */
export type TaskRefusalCode =
  | 'BAD_SIGNATURE'
  | 'EXPIRED'
  | 'UNKNOWN_TYPE'
  | 'BAD_SCHEMA'
  | 'WRONG_NODE'
  | 'STALE_EPOCH'
  | 'STALE_FENCE';

export type TaskCheck =
  | { readonly ok: true; readonly task: VerifiedTask }
  | { readonly ok: false; readonly code: TaskRefusalCode; readonly taskId: string | null; readonly fence: number };

export interface Verifier {
  readonly keyId: string;
  readonly publicKey: JWK;
}

/** Checks signature, addressee, expiry, type and schema, in this order, without any effect. */
export async function verifyTask(
  signed: string,
  expected: { nodeId: string; verifiers: readonly Verifier[]; now: Date },
): Promise<TaskCheck> {
  const payload = await verifiedPayload(signed, TASK_MEDIA_TYPE, expected.verifiers);
  if (payload === null) return { ok: false, code: 'BAD_SIGNATURE', taskId: null, fence: 0 };
  const parsed = envelope.safeParse(payload);
  if (!parsed.success) return { ok: false, code: 'BAD_SCHEMA', taskId: null, fence: 0 };
  const task = parsed.data;
  const refused = (code: TaskRefusalCode): TaskCheck => ({ ok: false, code, taskId: task.taskId, fence: task.fence });
  if (task.nodeId !== expected.nodeId) return refused('WRONG_NODE');
  if (task.expiresAt * 1000 <= expected.now.getTime()) return refused('EXPIRED');
  if (!isTaskType(task.type)) return refused('UNKNOWN_TYPE');
  const params = TASK_TYPES[task.type].params.safeParse(task.params);
  if (!params.success) return refused('BAD_SCHEMA');
  return { ok: true, task: { ...task, type: task.type, params: params.data } };
}

/** Null unless one of the verifiers signed it as this media type. */
async function verifiedPayload(signed: string, mediaType: string, verifiers: readonly Verifier[]): Promise<unknown> {
  try {
    const { payload, protectedHeader } = await compactVerify(
      signed,
      async (header) => {
        const verifier = verifiers.find((candidate) => candidate.keyId === header.kid);
        if (verifier === undefined) throw new Error('signed by a key that is not trusted');
        return importJWK(verifier.publicKey, 'EdDSA');
      },
      { algorithms: ['EdDSA'] },
    );
    return protectedHeader.typ === mediaType ? JSON.parse(new TextDecoder().decode(payload)) : null;
  } catch {
    return null;
  }
}

const verifierSet = z.strictObject({
  issuedAt: z.int(),
  verifiers: z
    .array(z.strictObject({ keyId: z.string(), publicKey: z.record(z.string(), z.unknown()) }))
    .min(1)
    .max(10),
});

/** The keys that tasks may be signed with (staged, active, grace), signed by the active one. */
export async function signVerifiers(verifiers: readonly Verifier[], signer: SigningKey, now: Date): Promise<string> {
  return sign({ issuedAt: Math.floor(now.getTime() / 1000), verifiers }, VERIFIERS_MEDIA_TYPE, signer);
}

/**
 * Takes a new set over from one that is trusted already, so that trust goes on unbroken from the enrolment. Null when
 * it is not signed by a trusted key, or older than the one held.
 */
export async function acceptVerifiers(
  signed: string,
  trusted: { verifiers: readonly Verifier[]; issuedAt: number },
): Promise<{ verifiers: Verifier[]; issuedAt: number } | null> {
  const parsed = verifierSet.safeParse(await verifiedPayload(signed, VERIFIERS_MEDIA_TYPE, trusted.verifiers));
  if (!parsed.success || parsed.data.issuedAt < trusted.issuedAt) return null;
  return { issuedAt: parsed.data.issuedAt, verifiers: parsed.data.verifiers };
}
