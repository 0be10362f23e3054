import { withinHold } from '../domain/token-price.js';
import type { Admission } from './admission.js';
import type { PricedTarget } from './candidate-targets.js';
import type { GatewayParts } from './gateway-parts.js';
import type { RequestResult } from './request-log.js';
import type { TokenTally } from './token-tally.js';

export interface RequestEnd {
  readonly result: RequestResult;
  readonly errorCode: string | null;
  readonly attempts: number;
  readonly target: PricedTarget | null;
  /** What is charged; null charges nothing. */
  readonly tally: TokenTally | null;
  readonly firstByteMilliseconds: number | null;
}

/**
 * Settles the money, corrects the rates and writes the request down. Never throws, and is not awaited by the answer: the
 * client has its last byte already.
 */
export async function finishRequest(parts: GatewayParts, admission: Admission, end: RequestEnd): Promise<void> {
  const { ticket, reservation, caller, route } = admission;
  const { target, tally } = end;
  const durationMilliseconds = performance.now() - admission.startedAtMilliseconds;
  const isCharged = target !== null && tally !== null;
  const count = isCharged
    ? withinHold(target.price, tally.count(), ticket.heldNanos)
    : { inputTokens: 0, outputTokens: 0 };
  reservation.settle(count.inputTokens + count.outputTokens);
  let costNanos = 0n;
  try {
    if (isCharged)
      costNanos = await ticket.settle({ price: target.price, modelSlug: target.endpoint.model.slug, count });
    else await ticket.release();
  } catch (error) {
    parts.kernel.logger.error(
      { err: error, request: admission.requestId },
      'a model request was left to the job that settles abandoned ones',
    );
  }
  parts.log.add({
    id: admission.requestId,
    ...caller.place,
    routeId: route.id,
    routeName: route.name,
    modelId: target?.endpoint.model.id ?? null,
    providerAccountId: target?.endpoint.providerAccountId ?? null,
    endpointId: target?.endpoint.id ?? null,
    apiKeyId: caller.apiKeyId,
    principalId: caller.actor.id,
    operation: admission.operation,
    isStreaming: admission.body.isStreaming,
    result: end.result,
    errorCode: end.errorCode,
    attempts: end.attempts,
    ...count,
    provenance: tally?.provenance() ?? 'GATEWAY_COUNTED',
    costNanos,
    currency: target?.price.currency ?? 'USD',
    firstByteMilliseconds: end.firstByteMilliseconds === null ? null : Math.round(end.firstByteMilliseconds),
    durationMilliseconds: Math.round(durationMilliseconds),
    correlationId: admission.correlationId,
    startedAt: admission.startedAt,
  });
}
