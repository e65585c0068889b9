import type { AuthzState } from '../../../admin/index.ts';
import type { Answer } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/judge-stranger.ts';
import { toWords } from '../../../keycloak/page.ts';
import { check, fail, failOn, ok, skipped } from '../../check.ts';
import { kcadm, kcadmServer, kcadmServiceRole } from '../../kcadm.ts';
import { onPage, refusalOf } from '../client/say.ts';
import { applyCommand } from './say.ts';

/** Whether this client has authorization services. If not, the other checks are skipped; it only fails with `--authz`. */
export const authzEnabled = check('authz.enabled', ['client.secret'], async ({ reach, options }) => {
  const answer = await reach.authz.protection();
  const state = await toState(reach.authz.state);
  const isOff =
    state === undefined
      ? /^unauthorized_client|invalid_clientId|registered as a resource server/i.test(refusalOf(answer))
      : !state.isOn;
  // An answer of a proxy, or about a stale token, says nothing about these services.
  const isKnown = state !== undefined || options.authz || isOfResourceServer(answer);
  if (!isOff && !isKnown) return skipped(toWords(answer));
  if (!isOff) return judgeStranger(answer) ?? ok('on');
  const { clientId } = reach.caller;
  if (!options.authz) return skipped(`the client '${clientId}' has no authorization services`);
  return fail(
    state === undefined ? toWords(answer) : 'off',
    `authorization is off at the client '${clientId}': every question about a permission is refused, and a guard of one answers 500`,
    `${applyCommand(options)}, which switches it on\n${kcadm(reach, 'serviceAccountsEnabled=true', 'authorizationServicesEnabled=true')}`,
  );
});

/** Whether guards can look up names of resources as this client. */
export const authzProtection = check('authz.protection', ['authz.enabled'], async ({ reach }) => {
  const { clientId } = reach.caller;
  const answer = await reach.authz.protection();
  const seen = toWords(answer);
  const say = failOn(seen);
  const words = refusalOf(answer);
  const guards = 'guards cannot look up the names of resources, and answer 500';
  if (/^unauthorized_client/i.test(words)) {
    return say(
      `the client '${clientId}' has no service account: ${guards}`,
      `${onPage(reach, 'Settings > Capability config > Service accounts roles ON')}\n${kcadm(reach, 'serviceAccountsEnabled=true')}`,
    );
  }
  if (/uma_protection/.test(words)) {
    return say(
      `the service account of '${clientId}' has lost the role uma_protection: ${guards}`,
      kcadmServiceRole(reach, 'uma_protection'),
    );
  }
  const state = await toState(reach.authz.state);
  if (/not_supported/.test(words) || state?.model.switches.allowRemoteResourceManagement === false) {
    return fail(
      /not_supported/.test(words) ? seen : 'Remote resource management is off',
      `remote resource management is off: ${guards}, and users cannot share`,
      `${onPage(reach, 'Authorization > Settings > Remote resource management ON')}\n${kcadmServer(reach, 'allowRemoteResourceManagement=true')}`,
    );
  }
  if (answer.status === 200) return ok('the service account may look up resources');
  return say(
    `the protection API refuses the service account: ${guards}`,
    'The words above are all Keycloak says.',
  );
});

/** Whether this answer only goes to a client with authorization services. */
function isOfResourceServer(answer: Answer): boolean {
  return answer.status === 200 || /uma_protection|not_supported/.test(refusalOf(answer));
}

/** The admin's view, if this admin may look. */
async function toState(look: () => Promise<AuthzState | null>): Promise<AuthzState | undefined> {
  return (await look().catch(() => null)) ?? undefined;
}
