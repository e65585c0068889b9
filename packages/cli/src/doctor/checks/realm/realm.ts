import { diagnose } from '../../../keycloak/diagnose.ts';
import { judgeStranger } from '../../../keycloak/judge-stranger.ts';
import { toWords } from '../../../keycloak/page.ts';
import { type Check, check, fail, ok } from '../../check.ts';
import { kcadmRealm } from '../../kcadm.ts';

export const realmExists = check('realm.exists', ['address.keycloak'], async ({ reach }) => {
  const { answer } = await reach.realm.server();
  const { realm } = reach.caller;
  if (!/realm does not exist/i.test(String(answer.json?.error))) return ok(realm);
  const close = await findClose(reach);
  return fail(
    toWords(answer),
    `Keycloak has no realm '${realm}'${close ? `, but it has '${close}': the case of the letters counts` : ''}`,
    close
      ? `KEYCLOAK_REALM=${close}`
      : 'Correct KEYCLOAK_REALM: the name at the top left of the admin console (not the display name), in its exact case. Or let keycloak-guard setup create it.',
    close ? ['--realm', close, '--overwrite-env'] : [],
  );
});

async function findClose({
  admin,
  calls,
  caller,
}: Parameters<Check['run']>[0]['reach']): Promise<string | undefined> {
  const { realm } = caller;
  const known = admin ? await admin.realms().catch(() => []) : [];
  const byAdmin = known.find((one) => one.toLowerCase() === realm.toLowerCase());
  if (byAdmin !== undefined) return byAdmin;
  const capitalised = realm.charAt(0).toUpperCase() + realm.slice(1).toLowerCase();
  for (const guess of new Set([realm.trim(), realm.toLowerCase(), capitalised, realm.toUpperCase()])) {
    if (guess === realm || guess === '') continue;
    const answer = await calls.get(`${caller.serverUrl}/realms/${encodeURIComponent(guess)}`);
    if (answer.status === 200 && answer.json?.realm === guess) return guess;
  }
  return undefined;
}

export const realmHttps = check('realm.https', ['realm.exists'], async ({ reach }) => {
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

export const issuerDiscovery = check('issuer.discovery', ['realm.https'], async ({ reach }) => {
  const answer = await reach.realm.discovery();
  const issuer = answer.json?.issuer;
  if (answer.status === 200 && typeof issuer === 'string' && URL.canParse(issuer))
    return ok(`issuer ${issuer}`);
  const stranger = judgeStranger(answer);
  if (stranger !== undefined) {
    return { ...stranger, cause: `the discovery document of the realm cannot be read: ${stranger.cause}` };
  }
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
