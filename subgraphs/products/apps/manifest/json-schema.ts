import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { Fault } from './manifest.js';

/** JSON Schema 2020-12, every fault at once, defaults filled in, nothing coerced; `x-ui` are hints for forms. */
export function createValidator(): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    useDefaults: true,
    strictSchema: true,
  });
  ajv.addKeyword({ keyword: 'x-ui', schemaType: 'object' });
  return ajv;
}

/** A validator's errors as faults with paths; those that only repeat others are left out. */
export function toFaults(errors: readonly ErrorObject[] | null | undefined): Fault[] {
  const faults = (errors ?? []).filter((error) => error.keyword !== 'propertyNames').map(toFault);
  const seen = new Set<string>();
  return faults.filter((fault) => {
    const key = JSON.stringify(fault);
    return seen.has(key) ? false : seen.add(key) !== undefined;
  });
}

function toFault(error: ErrorObject): Fault {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const named = error.params as {
    additionalProperty?: string;
    missingProperty?: string;
    allowedValues?: unknown[];
    allowedValue?: unknown;
  };
  if (error.keyword === 'additionalProperties' && named.additionalProperty !== undefined) {
    return { path: [...path, named.additionalProperty], message: 'is not known here' };
  }
  if (error.keyword === 'required' && named.missingProperty !== undefined) {
    return { path: [...path, named.missingProperty], message: 'must be given' };
  }
  if (error.keyword === 'enum')
    return { path, message: `must be one of ${(named.allowedValues ?? []).map(String).join(', ')}` };
  if (error.keyword === 'const') return { path, message: `must be ${String(named.allowedValue)}` };
  if (error.propertyName !== undefined)
    return { path: [...path, error.propertyName], message: `is not an allowed name: it ${error.message ?? ''}` };
  return { path, message: error.message ?? error.keyword };
}
