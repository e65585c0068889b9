import { createHash, randomBytes } from 'node:crypto';
import { CALLBACK_PATH, DOCS_CALLBACK_PATH, type Shape } from '../../admin/goal.ts';
import { type Answer, isStranger, memo, toNoAnswer, toPageText } from '../../keycloak/call.ts';
import { type Caller, createRealmCalls, type RealmCalls } from '../../keycloak/realm-calls.ts';
import type { DoctorOptions } from '../options.ts';
import { type AdminEvidence, createAdminEvidence } from './admin.ts';

/** Keycloak's answers to the client, without a user and an admin. Each is asked for once, and cannot lock out a user. */
export type ClientEvidence = ReturnType<typeof createClientEvidence>;

/** @param redirectUri where a browser login comes back to; default is the API's callback */
export function createClientEvidence(
  calls: RealmCalls,
  { clientId }: Pick<Caller, 'clientId'>,
  appUrl: string,
  redirectUri = `${appUrl}${CALLBACK_PATH}`,
) {
  const ask = (client: string, uri = redirectUri, hasPkce = true) =>
    authorize(calls, client, appUrl, uri, hasPkce);
  const madeUp = memo(() => ask(`made-up-${randomBytes(8).toString('hex')}`));
  const nobody = () => `nobody-${randomBytes(8).toString('hex')}`;
  const grant = (scope: string, headers: Record<string, string> = {}) =>
    calls.passwordGrant(nobody(), 'not-a-password', scope, headers);
  return {
    clientId,
    /** The password grant for an unknown user: Keycloak checks the client first, and does not count the failure. */
    passwordGrant: memo(() => grant('openid')),
    scopes: memo(() => grant('openid profile email')),
    /** The same, as a browser page of the API would send it. */
    fromOrigin: memo(() => grant('openid', { origin: new URL(appUrl).origin })),
    introspection: memo(() => calls.introspect('x')),
    clientCredentials: memo(() => calls.clientCredentials()),
    authorization: memo(() => ask(clientId)),
    /** The same, without a code challenge. */
    withoutPkce: memo(() => ask(clientId, redirectUri, false)),
    /** The same, back to the page with the documentation, which only the guide's service has. */
    docsAuthorization: memo(() => ask(clientId, `${appUrl}${DOCS_CALLBACK_PATH}`)),
    /** Whether the realm knows a client id. Compares the answer with that for a made-up id. */
    async knows(id: string): Promise<boolean> {
      // Pages are in the realm's language, so they are compared, not read.
      const [one, other] = [await ask(id), await madeUp()];
      return one.cameBack || one.answer.status !== other.answer.status || one.words !== other.words;
    },
  };
}

/** `words`: `error: error_description` of the redirect, or those of the error page. */
async function authorize(
  calls: RealmCalls,
  clientId: string,
  appUrl: string,
  redirectUri: string,
  hasPkce: boolean,
) {
  const verifier = randomBytes(32).toString('base64url');
  const answer = await calls.authorize({
    client_id: clientId,
    response_type: 'code',
    scope: 'openid',
    redirect_uri: redirectUri,
    state: 'doctor',
    nonce: 'doctor',
    prompt: 'none',
    ui_locales: 'en',
    ...(hasPkce && {
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }),
  });
  const location = answer.headers.get('location') ?? '';
  const cameBack = location.startsWith(`${appUrl}/`) && URL.canParse(location);
  if (!cameBack) return { answer, words: toPageText(answer.text), cameBack };
  const query = new URL(location).searchParams;
  const words = [query.get('error'), query.get('error_description')].filter(Boolean).join(': ');
  return { answer, words, cameBack };
}

/** Combines the answers: no single one tells apart an unknown client, a disabled one, and one with a certificate. */
export async function findClientState(evidence: ClientEvidence) {
  const grant = await evidence.passwordGrant();
  const error = String(grant.json?.error ?? '');
  const description = String(grant.json?.error_description ?? '');
  if (/wrong client protocol/i.test(description)) return 'other-protocol';
  if (/bearer-only/i.test(description)) return 'bearer-only';
  if (/client_assertion|assertion/i.test(description)) return 'other-authenticator';
  const isRefused =
    (error === 'invalid_client' && !/consent/i.test(description)) ||
    (error === 'unauthorized_client' && !/not (allowed|enabled)/i.test(description));
  if (isRefused) {
    const { answer, words, cameBack } = await evidence.authorization();
    if (/client not found|could not find client|unknown client/i.test(words)) return 'unknown';
    if (/client disabled|client is disabled|not enabled/i.test(words)) return 'disabled';
    // Keycloak only checks the secret of a client that exists and is enabled.
    if (error === 'unauthorized_client') return 'wrong-secret';
    if (cameBack || /redirect_uri|bearer|invalid request/i.test(words)) return 'other-authenticator';
    // Pages are in the realm's language.
    if (isStranger(answer) || answer.status === 0 || answer.status >= 500) return 'unclear';
    return (await evidence.knows(evidence.clientId)) ? 'disabled' : 'unknown';
  }
  const introspection = await evidence.introspection();
  const refusal = `${introspection.json?.error}: ${introspection.json?.error_description}`;
  if (/invalid_request: Client not allowed/i.test(refusal)) return 'public';
  return error === '' && grant.status !== 200 ? 'unclear' : 'good';
}

/**
 * Finds the purpose of the client: by its settings where an admin may look, otherwise by Keycloak's answers. In doubt it is
 * the guide's, which needs most.
 */
export async function findShape(
  client: ClientEvidence,
  admin: Pick<AdminEvidence, 'client'> | null,
): Promise<Shape> {
  const there = await admin?.client().catch(() => undefined);
  if (there !== undefined) {
    if (there.directAccessGrantsEnabled || there.publicClient || there.bearerOnly) return 'guide';
    if (!there.standardFlowEnabled) return 'api';
    const uris = there.redirectUris ?? [];
    const hasCallback = uris.some((uri) => uri.endsWith(CALLBACK_PATH));
    const hasMore = uris.some((uri) => uri.endsWith('*') || uri.endsWith(DOCS_CALLBACK_PATH));
    return hasCallback && !hasMore ? 'web' : 'guide';
  }
  const { json } = await client.passwordGrant();
  if (!/not allowed for direct access grants/i.test(String(json?.error_description ?? ''))) return 'guide';
  if (NO_LOGIN.test((await client.authorization()).words)) return 'api';
  return NO_LOGIN.test((await client.docsAuthorization()).words) ? 'web' : 'guide';
}

/** Keycloak looks at the redirect URI first: a client without one says nothing about its flows. */
const NO_LOGIN =
  /parameter\w*:? redirect_uri|standard flow is disabled|not allowed to initiate browser login/i;

/** One login of the test user, and the calls that follow it. Each is made once. */
export type LoginEvidence = ReturnType<typeof createLoginEvidence>;

/**
 * @param findDanger returns why a login must not be tried, because it could lock the user; `undefined` if it may
 */
export function createLoginEvidence(
  calls: RealmCalls,
  user: { readonly username: string; readonly password: string },
  findDanger: () => Promise<string | undefined>,
) {
  let isOpen = false;
  let refreshToken = '';
  const keep = (answer: Answer): Answer => {
    if (typeof answer.json?.refresh_token === 'string') refreshToken = answer.json.refresh_token;
    return answer;
  };
  const login = memo(async () => {
    const danger = await findDanger();
    if (danger !== undefined) return toNoAnswer('', new Error(`not tried: ${danger}`));
    const answer = keep(await calls.passwordGrant(user.username, user.password));
    isOpen = typeof answer.json?.access_token === 'string';
    return answer;
  });
  const token = async () => {
    const value = (await login()).json?.access_token;
    return typeof value === 'string' ? value : undefined;
  };
  const logout = memo(async () => {
    await login();
    isOpen = false;
    return calls.logout(refreshToken);
  });
  return {
    login,
    token,
    userinfo: memo(async () => calls.userinfo((await token()) ?? '')),
    introspection: memo(async () => calls.introspect((await token()) ?? '')),
    refresh: memo(async () => {
      await login();
      return keep(await calls.refresh(refreshToken));
    }),
    logout,
    userinfoAfterLogout: memo(async () => {
      await logout();
      return calls.userinfo((await token()) ?? '');
    }),
    async close() {
      if (isOpen && refreshToken !== '') await logout();
    },
  };
}

/** A single-page app: its client, which has no secret, and the page where people are after the sign-in. */
export type SpaEvidence = ReturnType<typeof createSpaEvidence>;

/** @param page its address; with a path, the one to which sign-ins come back (default `/callback`) */
export function createSpaEvidence(
  clientId: string,
  page: string,
  caller: Caller,
  { admin, username }: Pick<DoctorOptions, 'admin' | 'username'>,
) {
  const own = { ...caller, clientId, clientSecret: undefined, credential: undefined };
  const calls = createRealmCalls(own);
  const view = admin && createAdminEvidence({ ...own, username }, admin);
  const { origin, pathname } = new URL(page);
  const redirectUri = pathname === '/' ? `${origin}/callback` : page;
  return {
    clientId,
    origin,
    redirectUri,
    client: createClientEvidence(calls, own, origin, redirectUri),
    redirectUris: async () => (await view?.client().catch(() => undefined))?.redirectUris,
    exampleClaims: async () => view?.exampleClaims().catch(() => undefined),
  };
}
