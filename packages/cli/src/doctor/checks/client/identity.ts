import { toExcerpt, toWords } from '../../../keycloak/call.ts';
import { createRealmCalls } from '../../../keycloak/realm-calls.ts';
import { toShellWord } from '../../../terminal/output.ts';
import { check, diagnosed, fail, kcadm, ok, onPage, refusalOf } from '../../check.ts';
import type { Reach } from '../../context.ts';
import { createClientEvidence, findClientState } from '../../evidence/client.ts';
import { credentialSetting } from '../settings.ts';

const clientKnown = check('client.known', ['realm.enabled'], async ({ reach }) => {
  const { clientId, realm } = reach.caller;
  const state = await findClientState(reach.client);
  if (state === 'other-protocol')
    return fail(
      toWords(await reach.client.passwordGrant()),
      `the client '${clientId}' is there, but for another protocol (SAML): this service speaks OpenID Connect`,
      `Clients > Create client > Client type OpenID Connect, under another client id (or keycloak-guard setup --client-id NAME), and KEYCLOAK_CLIENT_ID=NAME`,
    );
  if (state !== 'unknown') return ok(clientId);
  const seen = `${toWords(await reach.client.passwordGrant())}; login page: ${toExcerpt((await reach.client.authorization()).words)}`;
  const names = reach.admin ? await reach.admin.clientIds().catch(() => []) : [];
  const close =
    names.find((one) => one.toLowerCase() === clientId.trim().toLowerCase()) ?? (await guessCase(reach));
  const home = close === undefined ? await findRealmOf(reach) : undefined;
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clientId);
  if (home !== undefined)
    return fail(
      seen,
      `the realm '${realm}' has no client '${clientId}', but the realm '${home}' has`,
      `KEYCLOAK_REALM=${toShellWord(home)}\nif that is where the users are. Otherwise create the client in '${realm}': keycloak-guard setup does it.`,
      home === 'master' ? ['--overwrite-env'] : undefined,
    );
  return fail(
    seen,
    isUuid
      ? `'${clientId}' looks like the client's UUID; what is needed is the Client ID`
      : `the realm '${realm}' has no client '${clientId}'${close ? `, but it has '${close}': the case of the letters counts` : ''}`,
    close
      ? `KEYCLOAK_CLIENT_ID=${toShellWord(close)}`
      : `Correct KEYCLOAK_CLIENT_ID: the column Client ID under Clients, in its exact case, in the realm '${realm}'. Or let keycloak-guard setup create it.`,
    close ? [`--client-id=${close}`, '--overwrite-env'] : ['--overwrite-env'],
  );
});

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
  const realms = (await admin?.realmsOfClient().catch(() => [])) ?? [];
  if (realms.length > 0) return realms[0];
  if (realm === 'master') return undefined;
  const calls = createRealmCalls({ ...caller, realm: 'master' });
  const isThere = await createClientEvidence(calls, caller, 'http://localhost:8000').knows(clientId);
  return isThere ? 'master' : undefined;
}

const clientEnabled = check('client.enabled', ['client.known'], async ({ reach }) => {
  if ((await findClientState(reach.client)) !== 'disabled') return ok('on');
  return fail(
    `login page: ${toExcerpt((await reach.client.authorization()).words)}`,
    `the client '${reach.caller.clientId}' is disabled`,
    `${onPage(reach, 'Enabled (top right) ON')}\n${kcadm(reach, 'enabled=true')}`,
    ['--enable'],
  );
});

const SET_HERE: Readonly<Record<string, (reach: Reach) => string>> = {
  'client-jwt': (reach) =>
    `Set KEYCLOAK_CLIENT_KEY_FILE to the file with the private key, in place of ${credentialSetting(reach.config)} (library: credential: { keyFile }), and give Keycloak the public key: ${onPage(reach, 'Keys')}`,
  'federated-jwt': (reach) =>
    `Set KEYCLOAK_CLIENT_TOKEN_FILE to the file with the token that Kubernetes or SPIFFE writes, in place of ${credentialSetting(reach.config)} (library: credential: { tokenFile })`,
  'client-x509': (reach) =>
    `Set KEYCLOAK_CLIENT_CERTIFICATE_FILE and KEYCLOAK_CLIENT_CERTIFICATE_KEY_FILE to the files with the certificate and its key, in place of ${credentialSetting(reach.config)} (library: credential: { certificateFile, certificateKeyFile })`,
  'client-secret-jwt': (reach) =>
    `Library: credential: { secret, method: 'jwt' }. The service signs with a key only: ${toKey(reach)}`,
};

const toKey = (reach: Reach): string =>
  `${onPage(reach, 'Credentials > Client Authenticator = Signed JWT')}, then set KEYCLOAK_CLIENT_KEY_FILE\n${kcadm(reach, 'clientAuthenticatorType=client-jwt')}`;

const clientAuthenticator = check(
  'client.authenticator',
  ['client.enabled', 'settings.secret'],
  async ({ reach }) => {
    const grant = await reach.client.passwordGrant();
    const { credential } = reach.caller;
    const isSecret = credential === undefined || credential.kind === 'secret';
    if ((await findClientState(reach.client)) !== 'other-authenticator')
      return ok(isSecret ? 'client id and secret' : `client id and ${credentialSetting(reach.config)}`);
    const words = String(grant.json?.error_description);
    // Keycloak says this to each client that shows a credential of the wrong kind.
    const isOtherKind = isSecret || (credential.kind !== 'token' && /^invalid client/i.test(words));
    if (!isOtherKind) return diagnosed(reach, grant);
    const type = (await reach.admin?.client().catch(() => undefined))?.clientAuthenticatorType;
    const isSigned = /assertion/i.test(words);
    const what = isSigned
      ? 'a signed JWT'
      : 'something else (a TLS client certificate, or a token that Kubernetes or SPIFFE writes)';
    const likely = isSigned ? ['client-jwt', 'client-secret-jwt'] : ['client-x509', 'federated-jwt'];
    const known = type !== undefined && Object.hasOwn(SET_HERE, type) ? [type] : likely;
    return fail(
      toWords(grant),
      `the client '${reach.caller.clientId}' must authenticate with ${what}${type ? ` ('${type}')` : ''}, but this service sends ${isSecret ? 'a secret' : 'an assertion that its key signs'}`,
      known.map((one) => `${known.length > 1 ? `For ${one}: ` : ''}${SET_HERE[one]?.(reach)}`).join('\n'),
    );
  },
);

const clientSecret = check('client.secret', ['client.authenticator'], async ({ reach }) => {
  const state = await findClientState(reach.client);
  if (state === 'public') return ok('none: the client is public');
  const grant = await reach.client.passwordGrant();
  if (state === 'unclear' && /invalid_client|unauthorized_client/.test(refusalOf(grant)))
    return diagnosed(reach, grant);
  if (state !== 'wrong-secret') return ok('accepted');
  const { credential, clientId, clientSecret = '' } = reach.caller;
  if (credential !== undefined && credential.kind !== 'secret') return diagnosed(reach, grant);
  const isFile = credential !== undefined;
  return fail(
    toWords(grant),
    `the secret of the client '${clientId}' is wrong${hintAt(clientSecret)}`,
    isFile
      ? `${onPage(reach, 'Credentials > Client secret')}: write it to the file that KEYCLOAK_CLIENT_SECRET_FILE names, and nothing else; then restart the application`
      : `${onPage(reach, 'Credentials > Client secret')}: copy it to KEYCLOAK_CLIENT_SECRET, without quotes, spaces or a line break, and restart the application\nOr let keycloak-guard setup --overwrite-env write it to .env.`,
    isFile ? undefined : ['--overwrite-env'],
  );
});

function hintAt(secret: string): string {
  if (/^["'].*["']$/.test(secret)) return ' (it has quotes around it)';
  if (/^["'`]|["'`]$/.test(secret)) return ' (it has a quote at one end)';
  if (/\\[nr]$|%0[AD]$/i.test(secret)) return ' (it ends with a line break, written out)';
  if (/\s/.test(secret)) return ' (it has white space in it)';
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(secret))
    return ' (it looks like a UUID: is it the id of the client?)';
  if (/^[A-Za-z0-9]{32}$/.test(Buffer.from(secret, 'base64').toString('latin1').trim()))
    return ' (it looks like base64, as Kubernetes shows Secrets: decode it)';
  return '';
}

const clientType = check('client.type', ['client.secret'], async ({ reach }) => {
  const state = await findClientState(reach.client);
  const { clientId } = reach.caller;
  const where = onPage(reach, 'Settings > Capability config > Client authentication ON');
  if (state === 'bearer-only')
    return fail(
      toWords(await reach.client.passwordGrant()),
      `the client '${clientId}' is bearer-only: it may not log anybody in`,
      `${where}, Direct access grants ON\n${kcadm(reach, 'bearerOnly=false')}`,
      [],
    );
  if (state === 'public')
    return fail(
      toWords(await reach.client.introspection()),
      `the client '${clientId}' is public: its secret is ignored, and it may not introspect tokens`,
      `${where}, then copy the secret to KEYCLOAK_CLIENT_SECRET\n${kcadm(reach, 'publicClient=false')}`,
      ['--overwrite-env'],
    );
  return ok('confidential');
});

/** Whether Keycloak takes this service for its client. */
export const IDENTITY_CHECKS = [clientKnown, clientEnabled, clientAuthenticator, clientSecret, clientType];
