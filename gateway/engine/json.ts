/** An object as a subgraph answers it: parsed from JSON, or made by graphql-js. Never holds functions. */
export type JsonObject = Record<string, unknown>;

export type Path = readonly (string | number)[];

/**
 * Reads an own property. Responses may have a prototype (JSON.parse) and response names are the client's choice:
 * `constructor` and `__proto__` must not be read from `Object.prototype`.
 */
export function readProperty(source: Readonly<JsonObject>, name: string): unknown {
  if (name === '__proto__') return Object.hasOwn(source, name) ? source[name] : undefined;
  const value = source[name];
  return typeof value === 'function' ? undefined : value;
}

/** Writes an own property, also one called `__proto__`. */
export function writeProperty(target: JsonObject, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[name] = value;
  }
}

/** Whether a property of this name is found on no object that lacks it, so that it can be read and written directly. */
export function hasSafeName(name: string): boolean {
  return !(name in Object.prototype);
}
