import { nearnessOf } from '../../../settings/nearness.ts';
import { check, fail, ok, warn } from '../../check.ts';
import type { Reach } from '../../context.ts';

const FIX =
  'Set KC_HOSTNAME (or Realm settings > General > Frontend URL) to the public URL of Keycloak, the one that browsers use; behind a proxy also KC_PROXY_HEADERS=xforwarded.';

/**
 * Whether Keycloak's own name differs from the address that this service calls. That is right if a public URL is set and this
 * service calls an internal address, and a mistake if browsers cannot use the name.
 */
export const issuerHostname = check('issuer.hostname', ['issuer.discovery'], async ({ reach }) => {
  const issuer = String((await reach.realm.discovery()).json?.issuer);
  const own = reach.calls.baseUrl;
  if (issuer === own) return ok('Keycloak names itself as it is called from here');
  const seen = `issuer ${issuer}, called at ${own}`;
  const [theirs, ours] = [new URL(issuer), new URL(own)];
  if (theirs.protocol === 'http:' && ours.protocol === 'https:') {
    return warn(
      seen,
      `Keycloak does not know that it is called over HTTPS: it names itself ${theirs.origin}, and sends browsers there`,
      'Let the proxy say so (X-Forwarded-Proto), and start Keycloak with KC_PROXY_HEADERS=xforwarded; or set KC_HOSTNAME to the public https:// URL.',
    );
  }
  const called = nearnessOf(ours.hostname);
  const isInner =
    (isContainerName(theirs.hostname) && !isContainerName(ours.hostname)) ||
    (nearnessOf(theirs.hostname) === 'this-machine' && called === 'public');
  if (isInner) {
    return warn(
      seen,
      `Keycloak names itself ${theirs.origin}, a name that only its own network knows, while it is called at ${ours.origin}: browsers are sent where they cannot go, and programs that expect the public address in 'iss' refuse the tokens`,
      FIX,
    );
  }
  return judgePinned(reach, issuer, seen);
});

/** `keycloak`, `keycloak.auth.svc`: names that only one Docker network or cluster knows. */
function isContainerName(hostname: string): boolean {
  return (
    hostname !== 'localhost' && (/^[^.:]+$/.test(hostname) || /\.svc(\.cluster\.local)?$/.test(hostname))
  );
}

/** Keycloak has a public name, and this service calls another one. That is right if Keycloak answers under its public name. */
async function judgePinned(reach: Reach, issuer: string, seen: string) {
  const { origin, hostname } = new URL(issuer);
  const there = await reach.realm.atIssuer();
  if (there.json?.issuer === issuer) {
    if ((await reach.realm.hasSameKeysAtIssuer()) === false) {
      return fail(
        seen,
        `Keycloak's host name is pinned to ${origin}, and there is another Keycloak, with other keys: tokens of one are not good at the other, and say nothing of it`,
        FIX,
      );
    }
    return ok(`${seen}: its public name, and it answers there`);
  }
  if (there.status === 0 && nearnessOf(hostname) !== 'public') {
    // In a container, `localhost` is not the browser's machine.
    return ok(`${seen}: its public name, which cannot be looked at from here`);
  }
  if (there.status === 0) {
    return warn(
      seen,
      `Keycloak's host name is pinned to ${origin}, and nobody answers there (${there.failure}): tokens say so whatever address this service uses, and browsers are sent there. That works here, for the issuer is taken from Keycloak`,
      `If browsers reach ${origin} and only this machine does not, all is as it should be. Otherwise: ${FIX}`,
    );
  }
  const says = there.json?.issuer === undefined ? `HTTP ${there.status}` : `issuer ${there.json.issuer}`;
  return (there.json?.issuer === undefined ? warn : fail)(
    seen,
    `Keycloak's host name is pinned to ${origin}, and there is something else (${says}): browsers are sent to the wrong place`,
    FIX,
  );
}
