import type { SubgraphCall, SubgraphError, SubgraphOperation, SubgraphResult } from '../subgraph-transport.js';
import type { GatheringForm, Send, SendOperation } from './gathering-form.js';
import { repeatableOf, repeatedName, repeatedVariable } from './repeated-operation.js';

/** A subgraph may limit how much one operation asks for, and it reads one more document for each count. */
const FETCHES_MAX = 8;

/**
 * Fetches of root fields become one that asks for the fields once with each set of variables, under aliases. A subgraph
 * that refuses such an operation is not sent one again. Undefined for fetches that cannot be written so.
 */
export function rootForm(operation: SubgraphOperation, compile: SendOperation): GatheringForm | undefined {
  const repeatable = repeatableOf(operation);
  if (!repeatable) return undefined;
  const alone = compile(operation);
  const compiled = new Map<number, Send>();
  const sendTimes = (times: number): Send => {
    const known = compiled.get(times);
    if (known) return known;
    const send = compile(repeatable.repeat(times));
    compiled.set(times, send);
    return send;
  };
  let isRefused = false;
  return {
    send: alone,
    keyOf: () => '',
    weightOf: () => (isRefused ? FETCHES_MAX : 1),
    weightMax: FETCHES_MAX,
    combine(calls) {
      const { times, distinct } = distinctVariables(calls);
      if (distinct.length === 1) {
        return { send: alone, call: distinct[0] as SubgraphCall, split: (result) => calls.map(() => shared(result)) };
      }
      return {
        send: sendTimes(distinct.length),
        call: { variables: allVariables(distinct) },
        split(result) {
          isRefused ||= isRefusal(result);
          const answers = answersOf(result, distinct.length, repeatable.rootNames);
          return answers && times.map((time) => answers[time] as SubgraphResult);
        },
      };
    },
  };
}

/** The calls that differ, and for each call which of them it is like. */
function distinctVariables(calls: readonly SubgraphCall[]): { times: readonly number[]; distinct: SubgraphCall[] } {
  const known = new Map<string, number>();
  const distinct: SubgraphCall[] = [];
  const times = calls.map((call) => {
    const key = JSON.stringify(call.variables);
    const time = known.get(key) ?? distinct.push(call) - 1;
    known.set(key, time);
    return time;
  });
  return { times, distinct };
}

function allVariables(calls: readonly SubgraphCall[]): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const [time, { variables }] of calls.entries()) {
    for (const [name, value] of Object.entries(variables)) all[repeatedVariable(time, name)] = value;
  }
  return all;
}

function shared(result: SubgraphResult): SubgraphResult {
  return { ...result, isShared: true };
}

/** An operation that is not executed has no data, and errors that name no field. */
function isRefusal({ data, errors = [] }: SubgraphResult): boolean {
  return (data === undefined || data === null) && errors.every(({ path }) => !path || path.length === 0);
}

/** For each time what it would have been answered alone; undefined if all is lost, or an error names no field. */
function answersOf(
  { data, errors = [] }: SubgraphResult,
  count: number,
  rootNames: readonly string[],
): readonly SubgraphResult[] | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const given = data as Readonly<Record<string, unknown>>;
  const own = new Map<string, { readonly name: string; readonly errors: SubgraphError[] }>();
  const answers = Array.from({ length: count }, (_, time): SubgraphResult => {
    const answer: Record<string, unknown> = {};
    const ownErrors: SubgraphError[] = [];
    for (const name of rootNames) {
      const responded = repeatedName(time, name);
      if (Object.hasOwn(given, responded)) answer[name] = given[responded];
      own.set(responded, { name, errors: ownErrors });
    }
    return { data: answer, errors: ownErrors, isShared: true };
  });
  for (const error of errors) {
    const [field, ...below] = error.path ?? [];
    const owner = typeof field === 'string' ? own.get(field) : undefined;
    if (!owner) return undefined;
    owner.errors.push({ ...error, message: error.message, path: [owner.name, ...below] });
  }
  return answers;
}
