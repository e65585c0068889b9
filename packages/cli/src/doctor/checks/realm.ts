import { createIssuer } from 'keycloak-guard';
import { nearestOf } from 'keycloak-guard/unstable';
import { toWords } from '../../keycloak/call.ts';
import { diagnose, judgeStranger } from '../../keycloak/finding.ts';
import { networkZoneOf } from '../../settings/address.ts';
import { toShellWord } from '../../terminal/output.ts';
import { check, fail, kcadmRealm, ok, warn } from '../check.ts';
import type { Reach } from '../context.ts';
import { keysOf } from '../evidence/realm.ts';
import { oneDatabase } from './token-input/refusal.ts';

const realmExists = check('realm.exists', ['address.keycloak'], async ({ reach }) => {
  const { answer } = await reach.realm.server();
  const { realm } = reach.caller;
  if (!/realm does not exist/i.test(String(answer.json?.error))) return ok(realm);
  const close = await findClose(reach);
  const isSame = close?.toLowerCase() === realm.toLowerCase();
  // No realm is changed, nor made, by a slip of the pen.
  const setup = isSame ? [`--realm=${close}`, '--overwrite-env'] : undefined;
  return fail(
    toWords(answer),
    `Keycloak has no realm '${realm}'${close ? `, but it has '${close}': each letter and its case counts` : ''}`,
    close
      ? `KEYCLOAK_REALM=${toShellWord(close)}${isSame ? '' : `; or let keycloak-guard setup create '${realm}'`}`
      : 'Correct KEYCLOAK_REALM: the name at the top left of the admin console (not the display name), in its exact case. Or let keycloak-guard setup create it.',
    close ? setup : [],
  );
});

async function findClose({ admin, calls, caller }: Reach): Promise<string | undefined> {
  const { realm } = caller;
  const known = admin ? await admin.realms().catch(() => []) : [];
  const byAdmin = nearestOf(realm, known);
  if (byAdmin !== undefined) return byAdmin;
  const capitalised = realm.charAt(0).toUpperCase() + realm.slice(1).toLowerCase();
  for (const guess of new Set([realm.trim(), realm.toLowerCase(), capitalised, realm.toUpperCase()])) {
    if (guess === realm || guess === '') continue;
    const answer = await calls.get(`${caller.serverUrl}/realms/${encodeURIComponent(guess)}`);
    if (answer.status === 200 && answer.json?.realm === guess) return guess;
  }
  return undefined;
}

const realmHttps = check('realm.https', ['realm.exists'], async ({ reach }) => {
  const answers = [await reach.realm.discovery(), await reach.realm.bareToken()];
  const refusal = answers.find(({ json, text }) =>
    /https required/i.test(`${json?.error_description} ${text}`),
  );
  if (refusal === undefined)
    return ok(`${new URL(reach.caller.serverUrl).protocol.slice(0, -1)} is accepted`);
  const { realm } = reach.caller;
  const { cause, fix } = diagnose({ status: 403, error: 'HTTPS required', realm });
  return fail(toWords(refusal), cause, `${fix}\n${kcadmRealm(realm, 'sslRequired=NONE')}`);
});

const issuerDiscovery = check('issuer.discovery', ['realm.https'], async ({ reach }) => {
  const answer = await reach.realm.discovery();
  const issuer = answer.json?.issuer;
  if (answer.status === 200 && typeof issuer === 'string' && URL.canParse(issuer)) {
    const seen = `issuer ${issuer}`;
    const { serverUrl, realm, timeoutMs } = reach.caller;
    const { issuer: set } = reach.config;
    // The service's own rule: a Keycloak that names itself as it is called may have another one.
    const isTaken = createIssuer({ serverUrl, realm, issuer: set, timeoutMs }).discover();
    if (
      await isTaken.then(
        () => true,
        () => false,
      )
    )
      return ok(seen);
    return fail(
      seen,
      `KEYCLOAK_ISSUER is another one, ${set}: no keys are loaded, so every token and login is refused`,
      `KEYCLOAK_ISSUER=${toShellWord(issuer)}, or leave it out.\nIf that name is wrong: ${SET_HOSTNAME}`,
    );
  }
  const stranger = judgeStranger(answer);
  if (stranger !== undefined)
    return { ...stranger, cause: `the discovery document of the realm cannot be read: ${stranger.cause}` };
  return fail(
    toWords(answer),
    'the discovery document of the realm cannot be read',
    `Open ${answer.url} in a browser. A proxy in front of Keycloak must pass on /realms/ whole.`,
  );
});

export const realmEnabled = check('realm.enabled', ['realm.https'], async ({ reach }) => {
  const answer = await reach.realm.bareToken();
  const { realm } = reach.caller;
  // Discovery and userinfo of a disabled realm still answer 200.
  if (!/realm (is )?(not enabled|disabled)/i.test(`${answer.json?.error_description} ${answer.text}`))
    return ok('on');
  return fail(
    toWords(answer),
    `the realm '${realm}' is disabled: nobody can log in`,
    `Realm settings > Enabled (top right) ON\n${kcadmRealm(realm, 'enabled=true')}`,
    ['--enable'],
  );
});

export const SET_HOSTNAME =
  'Set KC_HOSTNAME (or Realm settings > General > Frontend URL) to the public URL of Keycloak, the one that browsers use; behind a proxy also KC_PROXY_HEADERS=xforwarded.';

/**
 * Whether Keycloak's own name differs from the address that this service calls. That is right if a public URL is set and this
 * service calls an internal address, and a mistake if browsers cannot use the name.
 */
const issuerHostname = check('issuer.hostname', ['issuer.discovery'], async ({ reach }) => {
  const issuer = String((await reach.realm.discovery()).json?.issuer);
  const own = reach.calls.baseUrl;
  if (issuer === own) return ok('Keycloak names itself as it is called from here');
  const seen = `issuer ${issuer}, called at ${own}`;
  const [theirs, ours] = [new URL(issuer), new URL(own)];
  if (theirs.protocol === 'http:' && ours.protocol === 'https:')
    return warn(
      seen,
      `Keycloak does not know that it is called over HTTPS: it names itself ${theirs.origin}, and sends browsers there`,
      'Let the proxy say so (X-Forwarded-Proto), and start Keycloak with KC_PROXY_HEADERS=xforwarded; or set KC_HOSTNAME to the public https:// URL.',
    );
  const called = networkZoneOf(ours.hostname);
  const isInner =
    (isContainerName(theirs.hostname) && !isContainerName(ours.hostname)) ||
    (networkZoneOf(theirs.hostname) === 'this-machine' && called === 'public');
  if (isInner)
    return warn(
      seen,
      `Keycloak names itself ${theirs.origin}, a name that only its own network knows, while it is called at ${ours.origin}: browsers are sent where they cannot go, and programs that expect the public address in 'iss' refuse the tokens`,
      SET_HOSTNAME,
    );
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
    if ((await reach.realm.hasSameKeysAtIssuer()) === false)
      return fail(
        seen,
        `Keycloak's host name is pinned to ${origin}, and there is another Keycloak, with other keys: tokens of one are not good at the other, and say nothing of it`,
        SET_HOSTNAME,
      );
    return ok(`${seen}: its public name, and it answers there`);
  }
  if (there.status === 0 && networkZoneOf(hostname) !== 'public') {
    // In a container, `localhost` is not the browser's machine.
    return ok(`${seen}: its public name, which cannot be called from here`);
  }
  if (there.status === 0)
    return warn(
      seen,
      `Keycloak's host name is pinned to ${origin}, and there is no answer (${there.failure}): tokens have this issuer whatever address this service uses, and browsers are sent there. It works here, because the issuer is taken from Keycloak`,
      `If browsers reach ${origin} and only this machine does not, all is as it should be. Otherwise: ${SET_HOSTNAME}`,
    );
  const says = there.json?.issuer === undefined ? `HTTP ${there.status}` : `issuer ${there.json.issuer}`;
  return (there.json?.issuer === undefined ? warn : fail)(
    seen,
    `Keycloak's host name is pinned to ${origin}, and there is something else (${says}): browsers are sent to the wrong place`,
    SET_HOSTNAME,
  );
}

const GOOD = /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/;

const keysSigning = check('keys.signing', ['realm.https'], async ({ reach }) => {
  const answer = await reach.realm.certs();
  const keys = keysOf(answer.json);
  if (answer.status !== 200 || keys === undefined) {
    const stranger = judgeStranger(answer);
    if (stranger !== undefined)
      return { ...stranger, cause: `the keys of the realm cannot be read: ${stranger.cause}` };
    return fail(
      toWords(answer),
      'the keys of the realm cannot be read',
      `Open ${answer.url}. A proxy in front of Keycloak must pass it on.`,
    );
  }
  const signing = keys.filter(({ use }) => use !== 'enc');
  const good = signing.filter(({ alg }) => alg === undefined || GOOD.test(String(alg)));
  const names = (list: Record<string, unknown>[]) =>
    list.map(({ alg, kty }) => String(alg ?? kty)).join(', ');
  const fix =
    'Realm settings > Keys > Add providers: make one of rsa-generated or ecdsa-generated enabled and active, then log in again.';
  if (good.length === 0)
    return fail(
      `signing keys: ${names(signing) || 'none'}`,
      'the realm publishes no key with which a token could be verified',
      fix,
    );
  if ((await reach.realm.certsOfOthers()).length > 0)
    return fail(
      'asked again, the same address hands out other keys',
      `${reach.caller.serverUrl} is several Keycloaks that do not share their keys: a token of one is refused where the keys of another were fetched`,
      oneDatabase(reach.caller.serverUrl),
    );
  return ok(`${names(good)}${keys.length > signing.length ? ', and keys for encryption (ignored)' : ''}`);
});

export const REALM_CHECKS = [realmExists, realmHttps, issuerDiscovery, issuerHostname, keysSigning];
