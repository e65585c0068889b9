import { type Answer, toPageText, toWords } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/finding.ts';
import { createRealmCalls } from '../../../keycloak/realm-calls.ts';
import {
  check,
  diagnosed,
  type Finding,
  fail,
  failOn,
  isAboutUser,
  kcadm,
  kcadmRealm,
  ok,
  onPage,
  refusalOf,
  warn,
} from '../../check.ts';
import type { Reach } from '../../context.ts';
import { createClientEvidence, findClientState } from '../../evidence/client.ts';
import { credentialSetting } from '../settings.ts';

export const clientKnown = check('client.known', ['realm.enabled'], async ({ reach }) => {
  const { clientId, realm } = reach.caller;
  const state = await findClientState(reach.client);
  if (state === 'other-protocol')
    return fail(
      toWords(await reach.client.passwordGrant()),
      `the client '${clientId}' is there, but for another protocol (SAML): this service speaks OpenID Connect`,
      `Clients > Create client > Client type OpenID Connect, under another client id (or keycloak-guard setup --client-id NAME), and KEYCLOAK_CLIENT_ID=NAME`,
    );
  if (state !== 'unknown') return ok(clientId);
  const seen = `${toWords(await reach.client.passwordGrant())}; login page: ${(await reach.client.authorization()).words.slice(0, 80)}`;
  const names = reach.admin ? await reach.admin.clientIds().catch(() => []) : [];
  const close =
    names.find((one) => one.toLowerCase() === clientId.trim().toLowerCase()) ?? (await guessCase(reach));
  const home = close === undefined ? await findRealmOf(reach) : undefined;
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clientId);
  if (home !== undefined)
    return fail(
      seen,
      `the realm '${realm}' has no client '${clientId}', but the realm '${home}' has`,
      `KEYCLOAK_REALM=${home}, if that is where the users are. Otherwise create the client in '${realm}': keycloak-guard setup does it.`,
      home === 'master' ? ['--overwrite-env'] : undefined,
    );
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

export const clientAuthenticator = check(
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

export const clientSecret = check('client.secret', ['client.authenticator'], async ({ reach }) => {
  const state = await findClientState(reach.client);
  if (state === 'public') return ok('not checked: a public client has none');
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
      ? `${onPage(reach, 'Credentials > Client secret')}: write it to the file that KEYCLOAK_CLIENT_SECRET_FILE names, and nothing else`
      : `${onPage(reach, 'Credentials > Client secret')}: copy it to KEYCLOAK_CLIENT_SECRET, without quotes, spaces or a line break\nOr let keycloak-guard setup --overwrite-env write it to .env.`,
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

/** Any other refusal, which the checks before do not explain: a policy, a flow, a limit, something new. */
export const clientPasswordGrant = check(
  'client.password-grant',
  ['client.direct-grants', 'client.consent', 'client.dpop', 'client.type'],
  async ({ reach }) => {
    const grant = await reach.client.passwordGrant();
    if (isAboutUser(grant)) return ok('an unknown user is refused as it should be');
    const { realm } = reach.caller;
    const say = failOn(toWords(grant));
    const policies = reach.admin ? await reach.admin.policies().catch(() => []) : [];
    const policyNames = policies.length > 0 ? ` Enabled policies: ${policies.join(', ')}.` : '';
    if (/prohibited|policy|not allowed/i.test(refusalOf(grant)))
      return say(
        `a client policy of the realm '${realm}' forbids what this service does (${refusalOf(grant)})`,
        `Realm settings > Client policies > Policies: find the one that applies to this client, and take it out of its conditions or switch it off.${policyNames}`,
      );
    if (/invalid origin/i.test(grant.text))
      return say(
        'something on the way adds an Origin header to the calls, and Keycloak refuses it: this service sends none',
        'Look for a proxy between this service and Keycloak that sets Origin, and take that out.',
      );
    const stranger = judgeStranger(grant);
    if (stranger !== undefined) return stranger;
    if (/^\s*<(!doctype|html)/i.test(grant.text) && grant.status < 500) return judgePage(grant, reach);
    if (grant.status === 200)
      return fail(
        'a user who does not exist was logged in',
        "the direct grant flow lets anybody in: it has no step that checks a user's password",
        `Authentication > Flows > 'direct grant': Username Validation and Password must be REQUIRED.`,
      );
    return diagnosed(reach, grant);
  },
);

/** A page in place of JSON: the password grant's flow is one that shows pages. */
async function judgePage(grant: Answer, reach: Reach): Promise<Finding> {
  const { realm, clientId } = reach.caller;
  const say = failOn(toWords(grant));
  const flow = await reach.admin?.flow().catch(() => undefined);
  const override = `Clients > ${clientId} > Advanced > Authentication flow overrides > Direct grant flow: clear it`;
  const bind = `Authentication > Flows > 'direct grant' > Action > Bind flow > Direct grant flow\n${kcadmRealm(realm, "'directGrantFlow=direct grant'")}`;
  const fix =
    flow === undefined
      ? `${bind}\nOr, where the client has a flow of its own: ${override}`
      : flow.isOverride
        ? override
        : bind;
  const name = flow === undefined ? '' : ` ('${flow.alias}')`;
  if (/<input[^>]+password/i.test(grant.text))
    return say(
      `the token endpoint answers with a login page: a browser flow is bound where the direct grant flow belongs${name}`,
      fix,
    );
  return say(
    `the token endpoint answers with a page ('${toPageText(grant.text).slice(0, 100)}') and not with JSON: the flow of the password grant${name} is not Keycloak's own, and refuses every login`,
    fix,
  );
}

/** Of those the follower cannot do without, the ones that every version of Keycloak knows. */
const NEEDED = ['LOGOUT', 'REVOKE_GRANT', 'DELETE_ACCOUNT'];
/** Keycloak before 24 does not know it. */
const LOCKOUT = 'USER_DISABLED_BY_PERMANENT_LOCKOUT';
const FIX = 'keycloak-guard setup events shows what is missing, and sets it up';

/** Whether the client can follow Keycloak's events: asked as it would ask. */
export const clientEvents = check('client.events', ['client.secret', 'client.type'], async ({ reach }) => {
  const { config, calls, client, caller } = reach;
  if (!config.events) return ok('not read');
  const token = (await client.clientCredentials()).json?.access_token;
  const who = `the service account of ${caller.clientId}`;
  if (typeof token !== 'string') return fail('no token', `${who} gets no token: it is off`, FIX);
  const at = calls.baseUrl.lastIndexOf('/realms/');
  const admin = `${calls.baseUrl.slice(0, at)}/admin${calls.baseUrl.slice(at)}`;
  const answer = await calls.get(`${admin}/events/config`, { authorization: `Bearer ${token}` });
  if (answer.status === 403)
    return fail('HTTP 403', `${who} has not the role view-events of realm-management`, FIX);
  const kept = answer.json;
  if (kept === undefined)
    return fail(`HTTP ${answer.status}`, 'Keycloak does not say which events it keeps', FIX);
  const types = (kept.enabledEventTypes ?? []) as string[];
  const isLeftOut = (type: string) => types.length > 0 && !types.includes(type);
  // Keycloak answers an unknown type with an error.
  const isKnown = async (type: string) => {
    const url = `${admin}/events?type=${type}&max=1`;
    return (await calls.get(url, { authorization: `Bearer ${token}` })).status === 200;
  };
  const lacks = [
    ...(kept.adminEventsEnabled ? [] : ['admin events']),
    ...(kept.eventsEnabled ? [] : ['user events']),
    ...NEEDED.filter(isLeftOut),
    ...(isLeftOut(LOCKOUT) && (await isKnown(LOCKOUT)) ? [LOCKOUT] : []),
  ];
  if (lacks.length > 0)
    return fail(
      `not kept: ${lacks.join(', ')}`,
      'Keycloak does not keep the events that the application follows',
      FIX,
    );
  if (!kept.adminEventsDetailsEnabled)
    return warn('without details', 'each change of a user or client makes the API ask about its tokens', FIX);
  return ok('kept, with details, and readable');
});
