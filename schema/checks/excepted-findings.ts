import { type Finding, fault } from './finding.js';

/** What is said, but for the exceptions that are listed with a reason; and exceptions that nothing needs any more. */
export function exceptedFindings(
  check: string,
  messages: readonly string[],
  exceptions: Readonly<Record<string, string>>,
  keyOf: (message: string) => string = (message) => message,
): Finding[] {
  const keys = new Set(messages.map((message) => keyOf(message)));
  return [
    ...messages.filter((message) => exceptions[keyOf(message)] === undefined).map((message) => fault(check, message)),
    ...Object.keys(exceptions)
      .filter((exception) => !keys.has(exception))
      .map((exception) => fault(check, `an exception is no longer needed: ${exception}`)),
  ];
}
