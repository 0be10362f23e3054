import { z } from 'zod';

/** What nodes and the control plane say to each other over HTTP, below `/internal/v1/nodes`. */
export const NODES_PATH = '/internal/v1/nodes';
export const WAIT_SECONDS_MAX = 30;

/** An Ed25519 public key (RFC 8037). */
export const nodePublicKey = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

const verifier = z.object({ keyId: z.string(), publicKey: z.record(z.string(), z.unknown()) });

export const enrollRequest = z.strictObject({
  /** `nbt_…`: node-bound, single use, short. */
  bootstrapToken: z.string().min(20).max(200),
  publicKey: nodePublicKey,
  agentVersion: z.string().min(1).max(40),
});
export const enrollResponse = z.object({
  nodeId: z.string(),
  epoch: z.int(),
  verifiers: z.array(verifier).min(1),
  verifiersIssuedAt: z.int(),
  heartbeatSeconds: z.number(),
});

export const heartbeatRequest = z.strictObject({
  epoch: z.int(),
  health: z.enum(['HEALTHY', 'DEGRADED', 'UNHEALTHY']),
  healthDetail: z.string().max(500).nullable(),
  load: z.record(z.string(), z.number()),
});
export const heartbeatResponse = z.object({
  epoch: z.int(),
  /** JWS over the set of keys that tasks may be signed with. */
  verifiers: z.string(),
  heartbeatSeconds: z.number(),
});

export const waitResponse = z.object({ tasks: z.array(z.object({ taskId: z.string(), signed: z.string() })).max(32) });

export const taskReport = z.strictObject({
  epoch: z.int().min(0),
  fence: z.int().min(0),
  status: z.enum(['completed', 'failed', 'refused']),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.strictObject({ code: z.string().min(1).max(60), message: z.string().max(1000) }).optional(),
});
/** `isApplied` false: kept as evidence, because a newer task has taken over. */
export const taskReportResponse = z.object({ isApplied: z.boolean(), reason: z.string().nullable() });

export type EnrollResponse = z.output<typeof enrollResponse>;
export type HeartbeatRequest = z.output<typeof heartbeatRequest>;
export type HeartbeatResponse = z.output<typeof heartbeatResponse>;
export type TaskReport = z.output<typeof taskReport>;
export type TaskReportResponse = z.output<typeof taskReportResponse>;
