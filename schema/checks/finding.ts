/** What one of the checks of the schema found. A fault fails the check; a notice is only told. */
export interface Finding {
  readonly level: 'fault' | 'notice';
  /** Which check: a heading of the report. */
  readonly check: string;
  readonly message: string;
}

export const fault = (check: string, message: string): Finding => ({ level: 'fault', check, message });
export const notice = (check: string, message: string): Finding => ({ level: 'notice', check, message });

/** The findings as text, check by check in the order of `checks`; a check without any says so in one line. */
export function reportOf(checks: readonly string[], findings: readonly Finding[]): string {
  return checks
    .map((check) => {
      const own = findings.filter((finding) => finding.check === check);
      const faults = own.filter(({ level }) => level === 'fault');
      const heading = `${faults.length > 0 ? 'FAULT' : 'ok   '}  ${check}`;
      const lines = own.map(({ level, message }) => `         ${level === 'fault' ? '✗' : '·'} ${message}`);
      return [heading, ...lines].join('\n');
    })
    .join('\n');
}
