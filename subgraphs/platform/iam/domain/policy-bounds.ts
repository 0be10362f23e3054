import type { Scope } from '../../../../kernel/access/authority.js';
import type { PolicyDefinition } from '../../registry/index.js';

export type PolicyPrimitive = string | number | boolean | readonly string[];

/** What one scope says about one policy: its value, and bounds for every scope below. */
export interface PolicySetting {
  readonly scope: Scope;
  readonly value: PolicyPrimitive;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly allowedValues: readonly string[] | null;
  /** A hard deny: absolute for everything below, whatever is set there. */
  readonly isDenied: boolean;
}

export interface PolicyBounds {
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly allowedValues: readonly string[] | null;
}

export interface EffectivePolicy {
  readonly value: PolicyPrimitive;
  readonly isDenied: boolean;
  readonly source: Scope;
}

/** A fault of a value against its type, or null. */
export function typeFault(definition: PolicyDefinition, value: unknown): string | null {
  switch (definition.type) {
    case 'integer':
      return Number.isSafeInteger(value) ? null : 'must be a whole number';
    case 'boolean':
      return typeof value === 'boolean' ? null : 'must be true or false';
    case 'string':
      return typeof value === 'string' ? null : 'must be text';
    case 'string_list':
      return Array.isArray(value) && value.every((item) => typeof item === 'string') ? null : 'must be a list of texts';
  }
}

/** What is left of the definition's bounds after those of the ancestors, outermost first. */
export function boundsUnder(definition: PolicyDefinition, ancestors: readonly PolicySetting[]): PolicyBounds {
  let minimum = definition.minimum ?? null;
  let maximum = definition.maximum ?? null;
  let allowedValues: readonly string[] | null = definition.allowedValues ?? null;
  for (const setting of ancestors) {
    if (setting.minimum !== null) minimum = minimum === null ? setting.minimum : Math.max(minimum, setting.minimum);
    if (setting.maximum !== null) maximum = maximum === null ? setting.maximum : Math.min(maximum, setting.maximum);
    const narrower = setting.allowedValues;
    if (narrower !== null)
      allowedValues = allowedValues === null ? narrower : allowedValues.filter((value) => narrower.includes(value));
  }
  return { minimum, maximum, allowedValues };
}

/** Says how a value lies outside the bounds, or null when it does not. */
export function boundFault(value: PolicyPrimitive, bounds: PolicyBounds): string | null {
  if (typeof value === 'number') {
    if (bounds.minimum !== null && value < bounds.minimum) return `must be at least ${bounds.minimum}`;
    if (bounds.maximum !== null && value > bounds.maximum) return `must be at most ${bounds.maximum}`;
  }
  if (bounds.allowedValues === null || typeof value === 'number' || typeof value === 'boolean') return null;
  const allowed = bounds.allowedValues;
  const odd = (typeof value === 'string' ? [value] : value).filter((item) => !allowed.includes(item));
  return odd.length === 0 ? null : `"${odd.join('", "')}" is not one of ${allowed.join(', ')}`;
}

/**
 * The most specific value that lies inside the bounds of everything above it; the definition's default when there is
 * none. `settings` go from the platform inward. A bound that was narrowed later silences what now lies outside of it.
 */
export function effectivePolicy(
  definition: PolicyDefinition,
  settings: readonly PolicySetting[],
  root: Scope,
): EffectivePolicy {
  let effective: EffectivePolicy = { value: definition.defaultValue, isDenied: false, source: root };
  for (const [depth, setting] of settings.entries()) {
    const isInside = boundFault(setting.value, boundsUnder(definition, settings.slice(0, depth))) === null;
    if (isInside) effective = { ...effective, value: setting.value, source: setting.scope };
  }
  const denying = settings.find((setting) => setting.isDenied);
  return denying === undefined ? effective : { ...effective, isDenied: true, source: denying.scope };
}
