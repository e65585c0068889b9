import { createHash, randomBytes } from 'node:crypto';
import { CALLBACK_PATH, DOCS_CALLBACK_PATH } from '../../admin/index.ts';
import type { Answer } from '../../keycloak/call.ts';
import { toPageText } from '../../keycloak/page.ts';
import type { Caller, RealmCalls } from '../../keycloak/realm-calls.ts';
import { isStranger } from '../../keycloak/stranger.ts';
import { memo } from './memo.ts';

/** Keycloak's answers to the client, without a user and an admin. Each is asked for once, and cannot lock out a user. */
export type ClientEvidence = ReturnType<typeof createClientEvidence>;

/** The answer of the authorization endpoint. */
export interface Authorization {
  readonly answer: Answer;
  /** `error: error_description` of the redirect, or the words of the error page. */
  readonly words: string;
  /** Whether it sent the browser back to the API, with an error because no user is signed in. */
  readonly cameBack: boolean;
}

/**
 * @param redirectUri where a browser login comes back to; default is the API's callback
 * @param hasPkce whether it sends a code challenge
 */
export function createClientEvidence(
  calls: RealmCalls,
  { clientId }: Pick<Caller, 'clientId'>,
  appUrl: string,
  redirectUri = `${appUrl}${CALLBACK_PATH}`,
  hasPkce = true,
) {
  const ask = (client: string, uri = redirectUri) => authorize(calls, client, appUrl, uri, hasPkce);
  const madeUp = memo(() => ask(`made-up-${randomBytes(8).toString('hex')}`));
  const nobody = () => `nobody-${randomBytes(8).toString('hex')}`;
  const grant = (scope: string, headers: Record<string, string> = {}) =>
    calls.passwordGrant(nobody(), 'not-a-password', scope, headers);
  return {
    clientId,
    /** The password grant for an unknown user: Keycloak checks the client first, and does not count the failure. */
    passwordGrant: memo(() => grant('openid')),
    /** The same, with the scopes that the service needs. */
    scopes: memo(() => grant('openid profile email')),
    /** The same, as a browser page of the API would send it. */
    fromOrigin: memo(() => grant('openid', { origin: new URL(appUrl).origin })),
    /** Introspection of `x`. */
    introspection: memo(() => calls.introspect('x')),
    clientCredentials: memo(() => calls.clientCredentials()),
    /** The authorization endpoint, with `prompt=none`. */
    authorization: memo(() => ask(clientId)),
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

async function authorize(
  calls: RealmCalls,
  clientId: string,
  appUrl: string,
  redirectUri: string,
  hasPkce: boolean,
): Promise<Authorization> {
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
  const cameBack = location.startsWith(appUrl);
  if (!cameBack) return { answer, words: toPageText(answer.text), cameBack };
  const query = new URL(location).searchParams;
  const words = [query.get('error'), query.get('error_description')].filter(Boolean).join(': ');
  return { answer, words, cameBack };
}

/** The client's situation, as Keycloak's answers show it. */
export type ClientState =
  | 'good'
  | 'unknown'
  | 'other-protocol'
  | 'disabled'
  | 'wrong-secret'
  | 'other-authenticator'
  | 'bearer-only'
  | 'public'
  | 'unclear';

/** Combines the answers: no single one tells apart an unknown client, a disabled one, and one with a certificate. */
export async function findClientState(evidence: ClientEvidence): Promise<ClientState> {
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
