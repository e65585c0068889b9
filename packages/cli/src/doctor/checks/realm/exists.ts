import { toWords } from '../../../keycloak/page.ts';
import { type Check, fail, ok } from '../../check.ts';

export const realmExists: Check = {
  id: 'realm.exists',
  needs: ['address.keycloak'],
  async run({ reach }) {
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
  },
};

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
