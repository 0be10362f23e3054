import type { ExecutionResult } from 'graphql';
import { PlatformError } from '../../../kernel/errors/platform-error.js';
import type { GatewayOperation, Variables } from '../../engine/engine.js';
import { CostBudgets, type BudgetTerms } from './cost-budgets.js';
import type { OperationCosts } from './operation-costs.js';

/** Whose budget a request is paid from. */
export interface CostBudget extends BudgetTerms {
  readonly principal: string;
}

export interface DemandOptions<Context> {
  /** The most that one operation may be estimated to cost. */
  readonly operationCostMax: number;
  /** The caller's budget, or undefined if none is kept for it. */
  readonly budgetOf?: (context: Context) => CostBudget | undefined;
}

/** `extensions.cost` of a response. */
export interface CostReport {
  readonly estimated: number;
  readonly actual: number;
  readonly max: number;
  readonly budget?: { readonly left: number; readonly size: number; readonly perSecond: number };
}

/** An operation that was let in, to be settled when it is done. */
export interface Admission {
  /** Gives back the difference between what was expected and what came, and puts both into the result. */
  settle(result: ExecutionResult): ExecutionResult;
}

/** Every request costs at least this: what costs nothing by its fields was still parsed, planned and answered. */
const REQUEST_COST_MIN = 1;

/**
 * Lets operations in by their cost: estimated before anything is fetched, settled by what came. Budgets are exact for
 * this process: several gateways grant as many times as much.
 */
export class DemandControl<Context> {
  readonly #options: DemandOptions<Context>;
  readonly #budgets: CostBudgets;

  constructor(options: DemandOptions<Context>, budgets = new CostBudgets()) {
    this.#options = options;
    this.#budgets = budgets;
  }

  /**
   * Throws `QUERY_TOO_COMPLEX` if the operation could never run, `RATE_LIMITED` if it cannot run now; both name the
   * estimate and the limit.
   */
  admit(costs: OperationCosts, operation: GatewayOperation, variables: Variables, context: Context): Admission {
    const cost = costs.of(operation);
    const estimated = cost.estimate(variables);
    const budget = this.#options.budgetOf?.(context);
    const max = Math.min(this.#options.operationCostMax, budget?.burst ?? Infinity);
    if (estimated > max) throw tooDear(estimated, max);
    const charged = Math.max(REQUEST_COST_MIN, estimated);
    if (budget) this.#withdraw(budget, charged);
    return {
      settle: (result) => {
        const actual = cost.measure(result.data);
        const left =
          budget && this.#budgets.settle(budget.principal, charged - Math.max(REQUEST_COST_MIN, actual), budget);
        const report: CostReport = {
          estimated,
          actual,
          max,
          ...(budget && left !== undefined
            ? { budget: { left: Math.floor(left), size: budget.burst, perSecond: budget.perSecond } }
            : {}),
        };
        return { ...result, extensions: { ...result.extensions, cost: report } };
      },
    };
  }

  #withdraw(budget: CostBudget, estimated: number): void {
    const { isGranted, left, retryAfterSeconds } = this.#budgets.withdraw(budget.principal, estimated, budget);
    if (isGranted) return;
    const message = `The operation may cost ${estimated}, and ${Math.max(0, Math.floor(left))} are left of your budget of ${budget.burst}, which is refilled by ${budget.perSecond} a second.`;
    throw new PlatformError('RATE_LIMITED', message, {
      estimated,
      left: Math.floor(left),
      retryAfterSeconds: Math.max(1, Math.ceil(retryAfterSeconds)),
    });
  }
}

function tooDear(estimated: number, max: number): PlatformError {
  const message = `The operation may cost ${estimated}, and at most ${max} is allowed: ask for less, or for shorter lists.`;
  return new PlatformError('QUERY_TOO_COMPLEX', message, { limit: 'cost', max, estimated });
}
