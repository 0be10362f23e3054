import { interactionPolicy } from 'oidc-provider';
import { requestedContexts, satisfies } from './authentication-level.js';

const { Check, base } = interactionPolicy;

/**
 * When the provider shows the sign-in page: the library's rules, without consent for first-party native clients, and
 * with step-up. An `acr_values` the session does not meet asks again (RFC 9470), and `max_age=0` always does
 * (Core 1.0, 3.1.2.1 as of errata set 2: the same as `prompt=login`).
 */
export function createSignInPolicy(): interactionPolicy.Policy {
  const policy = base();
  policy.get('consent').checks.remove('native_client_prompt');
  const { checks } = policy.get('login');
  checks.add(
    new Check(
      'acr_values',
      'the session does not meet the requested acr_values',
      'unmet_authentication_requirements',
      ({ oidc }) =>
        oidc.result?.login === undefined && !satisfies(oidc.session.acr, requestedContexts(oidc.params['acr_values'])),
    ),
  );
  checks.add(
    new Check(
      'max_age_zero',
      'fresh authentication was requested',
      'login_required',
      ({ oidc }) => oidc.result?.login === undefined && Number(oidc.params['max_age'] ?? Number.NaN) === 0,
    ),
  );
  return policy;
}
