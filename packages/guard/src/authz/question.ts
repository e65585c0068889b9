import { AuthError } from '../core/index.ts';
import { type BoundedResponse, readCompactJws, toJsonObject } from '../core/internal.ts';
import { toClaimToken } from './claims.ts';
import { type AuthzContext, secretsOf } from './context.ts';
import { type Answer, readAnswer, readNo } from './read-answer.ts';

/** Whom a question is about, and what policies get to know beside. */
export interface Asker {
  readonly token: string;
  /** See `toClaimText`. */
  readonly claims: string;
}

const UMA_TICKET = 'urn:ietf:params:oauth:grant-type:uma-ticket';
const CLAIMS = 'urn:ietf:params:oauth:token-type:jwt';

/**
 * One question to the token endpoint. No `scope` goes with it: Keycloak would add it to what is asked.
 *
 * @param asked `id#scope,scope`, or nothing for all that is granted
 * @throws {AuthError} see {@link readAnswer}; `permission_unaskable` for a token that is bound to a key
 * @see Keycloak, Authorization Services Guide: "Obtaining permissions"
 */
export async function askKeycloak(
  context: AuthzContext,
  { token, claims }: Asker,
  asked: readonly string[],
): Promise<Answer> {
  const pushed = claims === '' ? {} : { claim_token: toClaimToken(claims), claim_token_format: CLAIMS };
  const response = await putQuestion(context, token, asked, { response_mode: 'permissions', ...pushed });
  return readAnswer(response, context, [token, ...secretsOf(context)]);
}

/**
 * The same for whoever reads the answer: its body as it came, in the form that `response_mode` names, or with a token.
 *
 * @param fields `response_mode`, `claim_token`, `claim_token_format`, as far as they are given
 * @throws {AuthError} as {@link askKeycloak}; `permission_denied` where nothing of it is granted
 */
export async function askAsIs(
  context: AuthzContext,
  token: string,
  asked: readonly string[],
  fields: Readonly<Record<string, string>>,
): Promise<string | 'unknown'> {
  const response = await putQuestion(context, token, asked, fields);
  if (response.status === 200 && isJson(response.body)) return response.body;
  if (readAnswer(response, context, [token, ...secretsOf(context)]) === 'unknown') return 'unknown';
  throw new AuthError('permission_denied', 'Keycloak does not grant the permission');
}

async function putQuestion(
  context: AuthzContext,
  token: string,
  asked: readonly string[],
  fields: Readonly<Record<string, string>>,
): Promise<BoundedResponse> {
  const body = new URLSearchParams({ grant_type: UMA_TICKET, audience: context.clientId, ...fields });
  for (const one of asked) body.append('permission', one);
  const secrets = [token, ...secretsOf(context)];
  const init = { method: 'POST', ...withCredentials(context, token, context.asks, body) };
  return context.calls.call(context.issuer.endpoints.token, 'permissions', secrets, init);
}

/**
 * A token that carries permissions is no bearer token for Keycloak: a second after its issue it refuses it as one, and ends
 * the session of the user. As a subject token it takes it.
 */
function withCredentials(
  { clientId, clientSecret }: AuthzContext,
  token: string,
  asks: AuthzContext['asks'],
  body: URLSearchParams,
): { headers: Record<string, string>; body: URLSearchParams } {
  const accept = 'application/json';
  const { authorization } = assertNotBound(token);
  if (asks === 'caller' && authorization === undefined) {
    return { headers: { accept, authorization: `Bearer ${token}` }, body };
  }
  body.set('client_id', clientId);
  body.set('client_secret', clientSecret);
  body.set('subject_token', token);
  return { headers: { accept }, body };
}

/**
 * Exchanges a ticket by the caller's own token, and files a request with the owner where it is not granted.
 *
 * @throws {AuthError} as {@link askKeycloak}
 */
export async function submitTicket(
  context: AuthzContext,
  token: string,
  ticket: string,
): Promise<'granted' | 'requested' | 'refused'> {
  const secrets = [token, ticket, ...secretsOf(context)];
  const body = new URLSearchParams({
    grant_type: UMA_TICKET,
    ticket,
    submit_request: 'true',
    // Without, Keycloak would issue a token that nobody wants.
    response_mode: 'decision',
  });
  const init = { method: 'POST', ...withCredentials(context, token, 'caller', body) };
  const response = await context.calls.call(context.issuer.endpoints.token, 'a decision', secrets, init);
  const no = readNo(response);
  if (no !== undefined) return no === 'request_submitted' ? 'requested' : 'refused';
  if (response.status === 200 && toJsonObject(response.body)?.result === true) return 'granted';
  return readAnswer(response, { ...context, asks: 'caller' }, secrets) === 'unknown' ? 'refused' : 'granted';
}

function isJson(body: string): boolean {
  try {
    return typeof JSON.parse(body) === 'object';
  } catch {
    return false;
  }
}

/** @returns its claims */
function assertNotBound(token: string): Readonly<Record<string, unknown>> {
  const claims = readCompactJws(token).payload();
  if (claims.cnf !== undefined || claims.typ === 'DPoP') throw toUnaskable();
  return claims;
}

/** Keycloak refuses a bound token as a bearer token, under the scheme DPoP, and as a subject token. */
export function toUnaskable(): AuthError {
  return new AuthError(
    'permission_unaskable',
    "Keycloak's authorization services take no token that is bound to a key (DPoP, mutual TLS): guard this route by roles, or let it be called with a plain bearer token",
    { expected: 'a token without the claim cnf', seen: 'a claim cnf' },
  );
}
