import { toWords } from '../../../keycloak/page.ts';
import { createRealmCalls } from '../../../keycloak/realm-calls.ts';
import { check, fail, ok } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { createClientEvidence, findClientState } from '../../evidence/client.ts';

export const clientKnown = check('client.known', ['realm.enabled'], async ({ reach }) => {
  const { clientId, realm } = reach.caller;
  const state = await findClientState(reach.client);
  if (state === 'other-protocol') {
    return fail(
      toWords(await reach.client.passwordGrant()),
      `the client '${clientId}' is there, but for another protocol (SAML): this service speaks OpenID Connect`,
      `Clients > Create client > Client type OpenID Connect, under another client id (or keycloak-guard setup --client-id NAME), and KEYCLOAK_CLIENT_ID=NAME`,
    );
  }
  if (state !== 'unknown') return ok(clientId);
  const seen = `${toWords(await reach.client.passwordGrant())}; login page: ${(await reach.client.authorization()).words.slice(0, 80)}`;
  const names = reach.admin ? await reach.admin.clientIds().catch(() => []) : [];
  const close =
    names.find((one) => one.toLowerCase() === clientId.trim().toLowerCase()) ?? (await guessCase(reach));
  const home = close === undefined ? await findRealmOf(reach) : undefined;
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clientId);
  if (home !== undefined) {
    return fail(
      seen,
      `the realm '${realm}' has no client '${clientId}', but the realm '${home}' has`,
      `KEYCLOAK_REALM=${home}, if that is where the users are. Otherwise create the client in '${realm}': keycloak-guard setup does it.`,
      home === 'master' ? ['--overwrite-env'] : undefined,
    );
  }
  return fail(
    seen,
    isUuid
      ? `'${clientId}' looks like the client's UUID; what is needed is the Client ID`
      : `the realm '${realm}' has no client '${clientId}'${close ? `, but it has '${close}': the case of the letters counts` : ''}`,
    close
      ? `KEYCLOAK_CLIENT_ID=${close}`
      : `Correct KEYCLOAK_CLIENT_ID: the column Client ID under Clients, in its exact case, in the realm '${realm}'. Or let keycloak-guard setup create it.`,
    close ? ['--client-id', close, '--overwrite-env'] : ['--overwrite-env'],
  );
});

/** Tries other spellings of the client id, if no admin can list the clients. */
async function guessCase({ client, caller }: Reach): Promise<string | undefined> {
  const { clientId } = caller;
  const lower = clientId.trim().toLowerCase();
  for (const guess of new Set([clientId.trim(), lower, lower.charAt(0).toUpperCase() + lower.slice(1)])) {
    if (guess !== clientId && (await client.knows(guess))) return guess;
  }
  return undefined;
}

/** The realm that has the client, among those an admin can see; without an admin, only `master` is tried. */
async function findRealmOf({ admin, caller }: Reach): Promise<string | undefined> {
  const { realm, clientId } = caller;
  const found = (await admin?.realmsOfClient().catch(() => [])) ?? [];
  if (found.length > 0) return found[0];
  if (realm === 'master') return undefined;
  const calls = createRealmCalls({ ...caller, realm: 'master' });
  const isThere = await createClientEvidence(calls, caller, 'http://localhost:8000').knows(clientId);
  return isThere ? 'master' : undefined;
}
