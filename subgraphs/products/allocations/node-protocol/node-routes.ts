import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Actor } from '../../../../kernel/access/actor.js';
import type { CommandResult, Json } from '../../../../kernel/commands/command.js';
import { ERROR_CODES, type ErrorCode } from '../../../../kernel/errors/error-codes.js';
import { PlatformError, isPlatformError } from '../../../../kernel/errors/platform-error.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import {
  type EnrollResponse,
  type HeartbeatResponse,
  NODES_PATH,
  type TaskReportResponse,
  WAIT_SECONDS_MAX,
  enrollRequest,
  heartbeatRequest,
  taskReport,
} from '../../../../agent/protocol/messages.js';
import { verifyNodeRequest } from '../../../../agent/protocol/node-credential.js';
import type { AllocationServices } from '../services.js';
import type { HeartbeatBuffer } from '../store/heartbeat-store.js';
import { dispatchTasks } from '../store/task-store.js';
import type { createEnrollNode } from '../usecases/enroll-node.js';
import type { createReportTask } from '../usecases/report-task.js';
import type { NodeIdentities, NodeIdentity } from './node-identity.js';
import type { TaskWaiting } from './task-waiting.js';

export interface NodeRouteOptions {
  readonly services: AllocationServices;
  readonly identities: NodeIdentities;
  readonly heartbeats: HeartbeatBuffer;
  readonly waiting: TaskWaiting;
  readonly enrollNode: ReturnType<typeof createEnrollNode>;
  readonly reportTask: ReturnType<typeof createReportTask>;
}

const BODY_BYTES_MAX = 256 * 1024;

/** What agents speak to: pull only, every request signed by the node's own key. */
export function nodeRoutes(options: NodeRouteOptions): (server: FastifyInstance) => Promise<void> {
  return async (server) => {
    await server.register(async (scope) => {
      // The signature is over the bytes that were sent, so the body stays text until it is checked.
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        'application/json',
        { parseAs: 'string', bodyLimit: BODY_BYTES_MAX },
        (_, body, done) => done(null, body),
      );
      scope.setErrorHandler((error, request, reply) => sendError(options, error, request, reply));
      scope.post(`${NODES_PATH}/enroll`, async (request) => enroll(options, request));
      scope.post(`${NODES_PATH}/:id/heartbeat`, async (request) => heartbeat(options, request));
      scope.get(`${NODES_PATH}/:id/tasks/wait`, async (request) => wait(options, request));
      scope.post(`${NODES_PATH}/:id/tasks/:taskId/result`, async (request) => result(options, request));
    });
  };
}

function textBody(request: FastifyRequest): string {
  return typeof request.body === 'string' ? request.body : '';
}

function parse<Shape extends z.ZodType>(shape: Shape, value: unknown): z.output<Shape> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new PlatformError('BAD_USER_INPUT', issues.join('; '));
}

function parseBody<Shape extends z.ZodType>(shape: Shape, request: FastifyRequest): z.output<Shape> {
  try {
    return parse(shape, JSON.parse(textBody(request)));
  } catch (error) {
    if (error instanceof SyntaxError) throw new PlatformError('BAD_REQUEST', 'The body is not JSON.');
    throw error;
  }
}

async function authenticated(options: NodeRouteOptions, request: FastifyRequest): Promise<NodeIdentity> {
  const { id } = request.params as { id: string };
  const signed = { method: request.method, path: request.url, body: textBody(request) };
  const node = await options.identities.authenticate(id, request.headers.authorization, signed);
  if (node === null) throw new PlatformError('UNAUTHENTICATED', 'The request is not signed by the key of this node.');
  return node;
}

function nodeActor(id: string, name: string): Actor {
  return { kind: 'node', id, displayName: name, organizationIds: '*', assurance: 0 };
}

function accepted<Result extends Json>(outcome: CommandResult<Result>): Result {
  if (outcome.ok) return outcome.value;
  const [refusal] = outcome.refusals;
  const code: ErrorCode =
    refusal?.code === 'NOT_FOUND' ? 'NOT_FOUND' : refusal?.code === 'EXPIRED' ? 'TOKEN_INVALID' : 'CONFLICT';
  throw new PlatformError(code, refusal?.message ?? 'refused');
}

async function enroll(options: NodeRouteOptions, request: FastifyRequest): Promise<EnrollResponse> {
  const { services, enrollNode } = options;
  const body = parseBody(enrollRequest, request);
  const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
  const signed = { method: request.method, path: request.url, body: textBody(request) };
  const key = { subject: body.publicKey.x, publicKey: body.publicKey, now: new Date() };
  // Proof of possession: whoever enrols a key must hold its private half.
  if (!(await verifyNodeRequest(token, signed, key))) {
    throw new PlatformError('UNAUTHENTICATED', 'The request is not signed by the key that it wants to enrol.');
  }
  const actor = nodeActor('enrolling', 'enrolling node');
  const { nodeId, epoch } = accepted(
    await services.pipeline.execute(enrollNode, body, { actor, correlationId: correlationOf(request) }),
  );
  const { verifiers, issuedAt } = await services.signer.verifiers();
  return {
    nodeId,
    epoch,
    verifiers: verifiers.map((verifier) => ({ keyId: verifier.keyId, publicKey: { ...verifier.publicKey } })),
    verifiersIssuedAt: issuedAt,
    heartbeatSeconds: services.timing.heartbeatSeconds,
  };
}

async function heartbeat(options: NodeRouteOptions, request: FastifyRequest): Promise<HeartbeatResponse> {
  const node = await authenticated(options, request);
  const body = parseBody(heartbeatRequest, request);
  if (body.epoch !== node.epoch)
    throw new PlatformError('STALE_FENCE', 'The node has enrolled again since: this is an older life of it.');
  options.heartbeats.heard(node.nodeId, body);
  const { signer, timing } = options.services;
  return { epoch: node.epoch, verifiers: await signer.signedVerifiers(), heartbeatSeconds: timing.heartbeatSeconds };
}

const waitQuery = z.object({ seconds: z.coerce.number().int().min(0).max(WAIT_SECONDS_MAX).default(20) });

async function wait(
  options: NodeRouteOptions,
  request: FastifyRequest,
): Promise<{ tasks: { taskId: string; signed: string }[] }> {
  const node = await authenticated(options, request);
  const { seconds } = parse(waitQuery, request.query);
  const { database, timing } = options.services;
  const deadline = Date.now() + seconds * 1000;
  const gone = new AbortController();
  request.raw.once('close', () => gone.abort());
  for (;;) {
    options.heartbeats.polled(node.nodeId);
    const rows = await database.transaction('system', (tx) => dispatchTasks(tx, node.nodeId, timing.redeliverSeconds));
    const rest = deadline - Date.now();
    if (rows.length > 0 || rest <= 0 || gone.signal.aborted) {
      return { tasks: rows.map((row) => ({ taskId: row.id, signed: row.signed })) };
    }
    await options.waiting.wait(node.nodeId, rest, gone.signal);
  }
}

async function result(options: NodeRouteOptions, request: FastifyRequest): Promise<TaskReportResponse> {
  const node = await authenticated(options, request);
  const { taskId } = request.params as { taskId: string };
  const input = { ...parseBody(taskReport, request), nodeId: node.nodeId, taskId };
  const invocation = { actor: nodeActor(node.nodeId, node.name), correlationId: correlationOf(request) };
  return accepted(await options.services.pipeline.execute(options.reportTask, input, invocation));
}

function correlationOf(request: FastifyRequest): string {
  const given = request.headers['x-correlation-id'];
  return typeof given === 'string' && /^[\w.-]{8,64}$/.test(given) ? given : newId('cor');
}

function sendError(options: NodeRouteOptions, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const correlationId = correlationOf(request);
  const { statusCode } = error as { statusCode?: number };
  const fault = isPlatformError(error)
    ? error
    : statusCode === 413
      ? new PlatformError('PAYLOAD_TOO_LARGE', 'The body is too large.')
      : statusCode === 415
        ? new PlatformError('UNSUPPORTED_MEDIA_TYPE', 'Send application/json.')
        : new PlatformError('INTERNAL', 'Something went wrong here.');
  if (fault.code === 'INTERNAL') options.services.logger.error({ err: error, correlationId }, 'a node request failed');
  const { status, isRetryable } = ERROR_CODES[fault.code];
  void reply.code(status).send({ code: fault.code, message: fault.message, correlationId, retryable: isRetryable });
}
