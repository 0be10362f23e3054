import type { Runtime } from './runtime.js';
import { idOf, runCommand, tryCommand } from './system-commands.js';

/** Gives the configured OIDC subjects the role of a platform administrator, so that somebody can begin. */
export async function ensureOperators(runtime: Runtime): Promise<void> {
  const { operatorSubjects, oidc } = runtime.configuration;
  if (oidc.issuer === null) return;
  for (const subject of operatorSubjects) {
    const person = { issuer: oidc.issuer, subject, email: null, displayName: null };
    const principalId = idOf(await runCommand(runtime, 'iam.user.register', person));
    const binding = { scopeId: 'platform', principalId, role: 'platform_admin' };
    const result = await tryCommand(runtime, 'iam.role_binding.create', binding);
    const isThere = result.ok || result.refusals.every((refusal) => refusal.code === 'ALREADY_EXISTS');
    if (!isThere) throw new Error(`${subject} could not be made an operator: ${result.refusals[0]?.message}`);
  }
}
