import { AuthError } from '../core/index.ts';
import { type BoundedResponse, personOfClaims, readCompactJws, toJsonObject } from '../core/internal.ts';
import { toClaimToken } from './claims.ts';
import type { AuthzContext } from './context.ts';
import { type Answer, readAnswer, readNo } from './read-answer.ts';

/** Whom a question is about, and the claims that go with it. */
export interface Asker {
  readonly token: string;
  /** See `toClaimText`. */
  readonly claims: string;
}

const UMA_TICKET = 'urn:ietf:params:oauth:grant-type:uma-ticket';
const CLAIMS = 'urn:ietf:params:oauth:token-type:jwt';

/**
 * Sends one question to the token endpoint. It sends no `scope`, which Keycloak would add to the question.
 *
 * @param asked `id#scope,scope`; an empty list asks for everything that is granted
 * @throws {AuthError} see {@link readAnswer}; `permission_unaskable` for a token bound to a key
 * @see Keycloak, Authorization Services Guide: "Obtaining permissions"
 */
export async function askKeycloak(
  context: AuthzContext,
  { token, claims }: Asker,
  asked: readonly string[],
): Promise<Answer> {
  const pushed = claims === '' ? {} : { claim_token: toClaimToken(claims), claim_token_format: CLAIMS };
  const response = await putQuestion(context, token, asked, { response_mode: 'permissions', ...pushed });
  return readAnswer(response, context, [token, ...context.credential.secrets()]);
}

/**
 * Asks the same, and returns the body as it was sent, in the form that `response_mode` names, or with a token.
 *
 * @param fields any of `response_mode`, `claim_token`, `claim_token_format`
 * @throws {AuthError} as {@link askKeycloak}; `permission_denied` if nothing is granted
 */
export async function askAsIs(
  context: AuthzContext,
  token: string,
  asked: readonly string[],
  fields: Readonly<Record<string, string>>,
): Promise<string | 'unknown'> {
  const response = await putQuestion(context, token, asked, fields);
  if (response.status === 200 && isJson(response.body)) return response.body;
  if (readAnswer(response, context, [token, ...context.credential.secrets()]) === 'unknown') return 'unknown';
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
  const secrets = [token, ...context.credential.secrets()];
  return post(context, token, context.asks, { what: 'permissions', secrets, body });
}

interface Question {
  /** For messages. */
  readonly what: string;
  readonly secrets: readonly string[];
  readonly body: URLSearchParams;
}

/**
 * Keycloak takes a token that carries permissions as a subject token alone: as a bearer token it refuses it a second after its
 * issue, and ends the session of the user.
 */
function post(
  { credential, issuer, calls }: AuthzContext,
  token: string,
  asks: AuthzContext['asks'],
  { what, secrets, body }: Question,
): Promise<BoundedResponse> {
  const accept = 'application/json';
  const claims = assertNotBound(token);
  const who = personOfClaims(claims);
  const send = (headers: Record<string, string>, form: URLSearchParams) => {
    const init = { method: 'POST', headers, body: form };
    return calls.call(issuer.endpoints.token, { what, secrets, init, who, isQuestion: true });
  };
  if (asks === 'caller' && claims.authorization === undefined) {
    return send({ accept, authorization: `Bearer ${token}` }, body);
  }
  return credential.authenticate(issuer, ({ headers, fields }) => {
    const form = new URLSearchParams(body);
    for (const [name, value] of Object.entries({ ...fields, subject_token: token })) form.set(name, value);
    return send({ accept, ...headers }, form);
  });
}

/**
 * Exchanges a ticket with the caller's token. If it is not granted, Keycloak files a request with the owner.
 *
 * @throws {AuthError} as {@link askKeycloak}
 */
export async function submitTicket(
  context: AuthzContext,
  token: string,
  ticket: string,
): Promise<'granted' | 'requested' | 'refused'> {
  const secrets = [token, ticket, ...context.credential.secrets()];
  const body = new URLSearchParams({
    grant_type: UMA_TICKET,
    ticket,
    submit_request: 'true',
    // Otherwise Keycloak would issue a token that nobody needs.
    response_mode: 'decision',
  });
  const response = await post(context, token, 'caller', { what: 'a decision', secrets, body });
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

/** Keycloak refuses a bound token here in every form: as a bearer token, with the scheme DPoP, and as a subject token. */
export function toUnaskable(): AuthError {
  return new AuthError(
    'permission_unaskable',
    "Keycloak's authorization services accept no token that is bound to a key (DPoP, mutual TLS): guard this route by roles, or let it be called with a plain bearer token",
    { expected: 'a token without the claim cnf', seen: 'a claim cnf' },
  );
}
