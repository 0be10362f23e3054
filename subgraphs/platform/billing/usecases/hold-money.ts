import { type Outcome, type Refused, accept, refuse } from '../../../../kernel/errors/refusal.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import { formatDecimal } from '../../../../kernel/money/nano-units.js';
import type { HoldRequest, Holds } from '../contract.js';
import { accountingMonth } from '../domain/price.js';
import {
  type HoldAnswer,
  holdStatement,
  holdTogetherStatement,
  releaseStatement,
  settleStatement,
} from '../store/hold-statements.js';

/** Holds for products: each call is one statement, in the caller's transaction. */
export function createHolds(deps: { clock: () => Date }): Holds {
  return {
    async hold(tx, request) {
      const faulty = faultOf(request);
      if (faulty !== null) return faulty;
      const now = deps.clock();
      const answer = await holdStatement(tx, { request, holdId: newId('hld'), now, month: accountingMonth(now) });
      if (answer.holdId !== null && (answer.outcome === 'held' || answer.outcome === 'exists'))
        return accept({ holdId: answer.holdId });
      return refusedHold(request, answer);
    },
    async holdTogether(tx, requests) {
      const now = deps.clock();
      const sound = requests.filter((request) => faultOf(request) === null);
      const held =
        sound.length < 2
          ? new Map<string, string>()
          : await holdTogetherStatement(tx, { requests: sound, now, month: accountingMonth(now) });
      const outcomes: Outcome<{ holdId: string }>[] = [];
      // What could not be held in one go, in turn: each of them is told exactly what stands against it.
      for (const request of requests) {
        const holdId = held.get(request.reference);
        outcomes.push(holdId === undefined ? await this.hold(tx, request) : accept({ holdId }));
      }
      return outcomes;
    },
    async settle(tx, { reference, amountNanos }) {
      if (amountNanos < 0n) return refuse('INVALID_INPUT', 'An amount to settle cannot be negative.');
      const now = deps.clock();
      const answer = await settleStatement(tx, { reference, amountNanos, now, month: accountingMonth(now) });
      if (answer.outcome === 'settled') return accept({ transferId: answer.transferId });
      return refusedSettlement(reference, answer);
    },
    async void(tx, reference) {
      await releaseStatement(tx, { reference, state: 'voided', reason: 'voided', now: deps.clock() });
    },
  };
}

function faultOf(request: HoldRequest): Refused | null {
  if (request.amountNanos < 0n) return refuse('INVALID_INPUT', 'An amount to hold cannot be negative.');
  if (!(request.ttlSeconds > 0))
    return refuse('INVALID_INPUT', 'A hold needs a time after which it gives itself back.');
  return null;
}

function refusedHold(request: HoldRequest, answer: HoldAnswer): Refused {
  const { outcome, details } = answer;
  if (outcome === 'balance') {
    const money = shown(details, ['available', 'needed']);
    const scope = { level: 'organization', id: request.place.organizationId };
    return refuse(
      'INSUFFICIENT_BALANCE',
      `This needs ${money['needed']} and the account has ${money['available']} left. Top the account up.`,
      {
        details: { ...money, scope },
      },
    );
  }
  if (outcome === 'budget') {
    const money = shown(details, ['available', 'needed', 'limit', 'spent', 'held']);
    const projectId = details['project'];
    const scope =
      typeof projectId === 'string'
        ? { level: 'project', id: projectId }
        : { level: 'organization', id: request.place.organizationId };
    return refuse(
      'BUDGET_EXCEEDED',
      `This needs ${money['needed']} and a budget of the ${scope.level} has ${money['available']} left.`,
      {
        details: { ...money, scope, budgetId: details['budget'], period: details['period'] },
      },
    );
  }
  if (outcome === 'closed') {
    return refuse('INVALID_STATE', 'The hold of this reference is closed; hold again under a new reference.', {
      details,
    });
  }
  return refuse('CONFLICT', 'This reference is in use elsewhere; choose another.');
}

function refusedSettlement(
  reference: string,
  answer: { outcome: string; details: Readonly<Record<string, unknown>> },
): Refused {
  if (answer.outcome === 'missing') return refuse('NOT_FOUND', `Nothing is held under ${reference}.`);
  if (answer.outcome === 'closed')
    return refuse('INVALID_STATE', 'The hold was given back before; there is nothing to settle.', {
      details: answer.details,
    });
  if (answer.outcome === 'above') {
    return refuse('INVALID_INPUT', 'A settlement cannot be above what was held.', {
      details: shown(answer.details, ['held', 'needed']),
    });
  }
  return refuse('CONFLICT', 'The hold was settled before, with another amount.', {
    details: shown(answer.details, ['settled']),
  });
}

/** The named details, which are nano-units as text, as decimal text. */
function shown(details: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, formatDecimal(BigInt(String(details[name])))]));
}
