import type { z } from 'zod';
import { type Outcome, type Refusal, accept, refuseAll } from '../../../../kernel/errors/refusal.js';
import { type OnboardingPacket, onboardingPacket } from '../packet/onboarding-packet.js';
import { declaredEntries, itemsOf } from './declared-entries.js';

type PolicyKey = {
  key: string;
  type: string;
  defaultValue: unknown;
  minimum?: number | undefined;
  maximum?: number | undefined;
  allowedValues?: string[] | undefined;
};

const ROOT = ['input', 'packet'];

/** Reads a packet, or names everything that is wrong with it at once (spec section 6: a missing field rejects the packet). */
export function parsePacket(value: unknown): Outcome<OnboardingPacket> {
  const parsed = onboardingPacket.safeParse(value);
  if (!parsed.success)
    return refuseAll(parsed.error.issues.flatMap((issue) => leafIssues(issue, [], value)).map(toRefusal));
  const faults = [...duplicates(parsed.data), ...itemsOf(parsed.data.registries.policyKeys).flatMap(policyFaults)];
  return faults.length > 0 ? refuseAll(faults) : accept(parsed.data);
}

interface Fault {
  readonly path: readonly string[];
  readonly message: string;
}

/** A section is a list or a `notApplicable`; of the two explanations, the one that fits what was sent helps. */
function leafIssues(issue: z.core.$ZodIssue, prefix: readonly string[], root: unknown): Fault[] {
  const path = [...prefix, ...issue.path.map(String)];
  if (issue.code !== 'invalid_union' || issue.errors.length < 2) return [{ path, message: issue.message }];
  const sent = valueAt(root, path);
  if (sent === undefined)
    return [{ path, message: 'is missing: list the entries, or say { notApplicable: { owner, reason, reviewDate } }' }];
  const isNotApplicable = typeof sent === 'object' && sent !== null && 'notApplicable' in sent;
  const branch = issue.errors[isNotApplicable ? 1 : 0] ?? [];
  return branch.flatMap((inner) => leafIssues(inner, path, root));
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path)
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return value;
}

function toRefusal(fault: Fault): Refusal {
  return {
    code: 'INVALID_INPUT',
    message: `${fault.path.join('.') || 'packet'}: ${fault.message}`,
    field: [...ROOT, ...fault.path],
  };
}

function duplicates(packet: OnboardingPacket): Refusal[] {
  const seen = new Set<string>();
  return declaredEntries(packet).flatMap((entry) => {
    const name = `${entry.family} ${entry.key}`;
    if (seen.has(name) && entry.family !== 'audit_action')
      return [toRefusal({ path: entry.path, message: `"${entry.key}" is declared twice` })];
    seen.add(name);
    return [];
  });
}

const TYPE_CHECKS: Readonly<Record<string, (value: unknown) => boolean>> = {
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  string: (value) => typeof value === 'string',
  string_list: (value) => Array.isArray(value),
};

/** A default that its own definition forbids would be in force nowhere and everywhere. */
function policyFaults(policy: PolicyKey, index: number): Refusal[] {
  const fault = (message: string): Refusal[] => [
    toRefusal({ path: ['registries', 'policyKeys', String(index), 'defaultValue'], message }),
  ];
  const { defaultValue: value, minimum = -Infinity, maximum = Infinity, allowedValues } = policy;
  if (TYPE_CHECKS[policy.type]?.(value) !== true) return fault(`must be of type ${policy.type}`);
  if (typeof value === 'number' && (value < minimum || value > maximum))
    return fault(`must be from ${minimum} to ${maximum}`);
  const texts = Array.isArray(value) ? (value as string[]) : typeof value === 'string' ? [value] : [];
  const odd = allowedValues === undefined ? undefined : texts.find((text) => !allowedValues.includes(text));
  return odd === undefined ? [] : fault(`"${odd}" is not one of the allowed values`);
}
