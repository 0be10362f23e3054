import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Refused } from '../../../../kernel/errors/refusal.js';
import { targetOrder } from '../domain/target-order.js';
import { affordableOutput, worstCase } from '../domain/token-price.js';
import { inputTexts } from '../providers/input-texts.js';
import type { Operation } from '../providers/model-provider.js';
import type { Caller } from './caller.js';
import { type PricedTarget, boundOf, candidateTargets, limitTargets, outputLimit } from './candidate-targets.js';
import { auditDenial } from './denial-audit.js';
import type { GatewayParts } from './gateway-parts.js';
import type { ModelSnapshot, ServedPolicy, ServedRoute } from './model-snapshot.js';
import { OpenAiError, insufficientQuota, unavailable } from './openai-error.js';
import type { RateReservation } from './rate-limiter.js';
import type { ParsedBody } from './request-bodies.js';
import type { SpendTicket } from './spend-guard.js';

/** A request that may run: its targets in the order to try, its money held, its rates counted. */
export interface Admission {
  readonly requestId: string;
  readonly caller: Caller;
  readonly operation: Operation;
  readonly body: ParsedBody;
  readonly texts: readonly string[];
  readonly route: ServedRoute;
  readonly policies: readonly ServedPolicy[];
  readonly targets: readonly PricedTarget[];
  /** Set when `max_tokens` was lowered, as the caller allowed. */
  readonly clampedTo: number | null;
  readonly ticket: SpendTicket;
  readonly reservation: RateReservation;
  readonly correlationId: string;
  readonly startedAt: Date;
  readonly startedAtMilliseconds: number;
}

export interface AdmissionRequest {
  readonly caller: Caller;
  readonly operation: Operation;
  readonly body: ParsedBody;
  readonly mayClamp: boolean;
  readonly correlationId: string;
}

/** The route that the caller means by a name. One that was made a moment ago is found too. */
async function findRoute(
  parts: GatewayParts,
  { place }: Caller,
  name: string,
): Promise<{ snapshot: ModelSnapshot; route: ServedRoute }> {
  let snapshot = parts.snapshot.current();
  if (snapshot !== null && snapshot.route(place, name) === null) snapshot = await parts.snapshot.lookAgain();
  if (snapshot === null) throw unavailable('The routes of models could not be read lately; try again.');
  const route = snapshot.route(place, name);
  if (route !== null) return { snapshot, route };
  throw new OpenAiError(404, `The model '${name}' does not exist or you do not have access to it.`, {
    code: 'model_not_found',
    param: 'model',
  });
}

/**
 * Decides whether a request may run, before anything costs: route, allow-list, sizes, price, rates, money. Throws what
 * the client is told. Nothing stays booked when it throws.
 */
export async function admit(parts: GatewayParts, request: AdmissionRequest): Promise<Admission> {
  const startedAtMilliseconds = performance.now();
  const { caller, body, operation } = request;
  const { snapshot, route } = await findRoute(parts, caller, body.model);
  const policies = snapshot.policiesOf(caller.place.projectId, caller.apiKeyId);
  const texts = inputTexts(operation, body.forwarded);
  const candidates = await candidateTargets(parts, { ...request, route, policies, texts });
  const limited = limitTargets(candidates, body, { policies, mayClamp: request.mayClamp });
  const targets = targetOrder(limited, parts.random);
  const tokens = Math.max(...targets.map((target) => boundOf(target).inputTokens + boundOf(target).outputTokens));
  const rate = parts.rates.reserve(policies, tokens);
  if (!rate.ok) throw rateLimited(rate);
  try {
    const requestId = newId('mrq');
    const held = await holdMoney(parts, request, { requestId, route, targets });
    return {
      ...held,
      ...request,
      requestId,
      texts,
      route,
      policies,
      clampedTo: clampedTo(body, held.targets),
      reservation: rate.reservation,
      startedAt: new Date(),
      startedAtMilliseconds,
    };
  } catch (error) {
    rate.reservation.cancel();
    throw error;
  }
}

function clampedTo(body: ParsedBody, targets: readonly PricedTarget[]): number | null {
  const limit = Math.min(...targets.map((target) => target.outputTokens));
  return body.maxOutputTokens !== null && limit < body.maxOutputTokens ? limit : null;
}

function rateLimited(rate: {
  kind: 'requests' | 'tokens';
  limit: number;
  waitMilliseconds: number | null;
}): OpenAiError {
  const subject = rate.kind === 'requests' ? 'requests per minute' : 'tokens per minute';
  if (rate.waitMilliseconds === null) {
    return new OpenAiError(
      429,
      `The request needs more than the limit of ${rate.limit} ${subject}; lower max_tokens or shorten the prompt.`,
      {
        type: rate.kind,
        code: 'rate_limit_exceeded',
        headers: { 'x-should-retry': 'false' },
      },
    );
  }
  return new OpenAiError(
    429,
    `The limit of ${rate.limit} ${subject} is reached; try again in ${Math.ceil(rate.waitMilliseconds / 1000)} s.`,
    {
      type: rate.kind,
      code: 'rate_limit_exceeded',
      headers: {
        'retry-after': String(Math.ceil(rate.waitMilliseconds / 1000)),
        'retry-after-ms': String(Math.ceil(rate.waitMilliseconds)),
      },
    },
  );
}

async function holdMoney(
  parts: GatewayParts,
  request: AdmissionRequest,
  plan: { requestId: string; route: ServedRoute; targets: readonly PricedTarget[] },
): Promise<{ ticket: SpendTicket; targets: readonly PricedTarget[] }> {
  const { caller } = request;
  let targets = plan.targets;
  for (const mayClamp of [request.mayClamp, false]) {
    const held = await parts.spend.hold({
      requestId: plan.requestId,
      place: caller.place,
      routeId: plan.route.id,
      actorId: caller.actor.id,
      correlationId: request.correlationId,
      amountNanos: targets.reduce((worst, target) => {
        const cost = worstCase([target.price], boundOf(target));
        return cost > worst ? cost : worst;
      }, 0n),
    });
    if (held.ok) return { ticket: held.value, targets };
    const affordable =
      mayClamp && held.refusals[0]?.code === 'INSUFFICIENT_BALANCE'
        ? await clampToBalance(parts, caller, targets)
        : null;
    if (affordable === null) throw await notAffordable(parts, request, plan.route, held);
    targets = affordable;
  }
  throw new Error('a hold was neither given nor refused');
}

/** The same targets with as much output as the balance pays for; null when that is nothing. */
async function clampToBalance(
  parts: GatewayParts,
  caller: Caller,
  targets: readonly PricedTarget[],
): Promise<PricedTarget[] | null> {
  const { organizationId } = caller.place;
  const { availableNanos } = await parts.kernel.database.read([organizationId], (tx) =>
    parts.balance(tx, organizationId),
  );
  const limit = Math.min(
    ...targets.map((target) => affordableOutput([target.price], target.inputBound, availableNanos)),
  );
  if (limit < 1 || targets.some((target) => target.outputTokens === 0)) return null;
  return targets.map((target) => ({ ...target, outputTokens: Math.min(outputLimit(target), limit) }));
}

async function notAffordable(
  parts: GatewayParts,
  request: AdmissionRequest,
  route: ServedRoute,
  refused: Refused,
): Promise<OpenAiError> {
  const refusal = refused.refusals[0];
  await auditDenial(parts, request, {
    routeId: route.id,
    reasonCode: refusal?.code ?? 'INSUFFICIENT_BALANCE',
    model: request.body.model,
  });
  if (
    refusal?.code === 'INSUFFICIENT_BALANCE' ||
    refusal?.code === 'BUDGET_EXCEEDED' ||
    refusal?.code === 'QUOTA_EXCEEDED'
  ) {
    return insufficientQuota(`${refusal.message} Lower max_tokens, or ask for more budget.`);
  }
  return unavailable('The cost of the request could not be secured; try again.');
}
