import { AuthError } from '../../core/index.ts';
import {
  type BoundedResponse,
  describeAnswer,
  personOfClaims,
  readCompactJws,
  toJsonObject,
} from '../../core/internal.ts';
import type { AuthzContext } from '../keycloak/context.ts';
import { toClaimToken } from './permission.ts';

/** A resource with the scopes that Keycloak grants. */
export interface GrantedResource {
  /** Id of the resource. */
  readonly id: string;
  /** Name of the resource. Empty if Keycloak sends none. */
  readonly name: string;
  /** Granted scopes. Empty if the resource has none. */
  readonly scopes: readonly string[];
}

/** Reads an answer to `response_mode=permissions`; `undefined` if it is not one. */
export function toGrants(body: string): GrantedResource[] | undefined {
  let entries: unknown;
  try {
    entries = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!Array.isArray(entries)) return undefined;
  const grants: GrantedResource[] = [];
  for (const entry of entries) {
    const { rsid, rsname, scopes = [] } = (entry ?? {}) as Record<string, unknown>;
    // An entry that cannot be read grants nothing.
    if (typeof rsid !== 'string' || rsid === '') continue;
    if (!Array.isArray(scopes) || !scopes.every((one) => typeof one === 'string')) continue;
    grants.push({ id: rsid, name: typeof rsname === 'string' ? rsname : '', scopes });
  }
  return grants;
}

/** Keycloak's answer to a question: its grants, or that it does not know a resource or scope. */
export type Answer = readonly GrantedResource[] | 'unknown';

/** Descriptions of a 403 about the permission. Any other 403 is about the realm or the client. */
const NO = ['not_authorized', 'request_submitted'] as const;

/** How Keycloak refuses; `undefined` if it does not. */
function readNo({ status, body }: BoundedResponse): (typeof NO)[number] | undefined {
  const { error, error_description: description } = toJsonObject(body) ?? {};
  return status === 403 && error === 'access_denied' ? NO.find((one) => one === description) : undefined;
}

/**
 * Reads the answer to a `uma-ticket` request (UMA 2.0 Grant §3.3.6) by its JSON, not by its status alone: a disabled realm
 * also answers `access_denied`.
 *
 * @throws {AuthError} `token_revoked` if the caller's token is no longer valid, `provider_misconfigured` if the API's client
 *   is set up wrongly, `provider_unavailable` for any other answer
 */
function readAnswer(
  response: BoundedResponse,
  context: Pick<AuthzContext, 'clientId'>,
  secrets: readonly string[],
): Answer {
  const { status, body } = response;
  const grants = status === 200 ? toGrants(body) : undefined;
  if (grants !== undefined) return grants;
  const { error, error_description: description = '' } = toJsonObject(body) ?? {};
  const seen = describeAnswer(response, secrets);
  if (readNo(response) !== undefined) return [];
  if (status === 400 && (error === 'invalid_resource' || error === 'invalid_scope')) return 'unknown';
  if (status === 400 && error === 'unauthorized_client' && /Invalid identity/i.test(String(description))) {
    throw new AuthError('token_revoked', 'Keycloak says that the token is no longer valid', { seen });
  }
  const fix = fixOf(error, String(description), context);
  if (fix !== undefined) throw new AuthError('provider_misconfigured', `${fix} (${seen})`);
  throw new AuthError('provider_unavailable', `Keycloak gave no usable answer to a permission (${seen})`);
}

/** The change that mends the set-up; `undefined` if the answer does not concern it. */
function fixOf(
  error: unknown,
  description: string,
  { clientId }: Pick<AuthzContext, 'clientId'>,
): string | undefined {
  if (/Unknown resource server/i.test(description)) {
    return `There is no client ${clientId} in the realm: check the client id`;
  }
  if (/does not support permissions/i.test(description)) {
    return `The client ${clientId} has no authorization services: turn "Authorization" on in Keycloak`;
  }
  if (error === 'invalid_client' || error === 'unauthorized_client') {
    return `Keycloak refuses the client ${clientId}: its secret is wrong, it is disabled, or "Service accounts roles" is off`;
  }
  return undefined;
}

/** The token that a question is about, and the claims that go with it. */
export interface Subject {
  readonly token: string;
  readonly claims: string;
}

const UMA_TICKET = 'urn:ietf:params:oauth:grant-type:uma-ticket';
const CLAIMS = 'urn:ietf:params:oauth:token-type:jwt';

/**
 * Sends one question to the token endpoint. It sends no `scope`, which Keycloak would add to the question.
 *
 * @param permissions `id#scope,scope`; an empty list asks for everything that is granted
 * @throws {AuthError} see {@link readAnswer}; `permission_unaskable` for a token bound to a key
 * @see Keycloak, Authorization Services Guide: "Obtaining permissions"
 */
export async function askKeycloak(
  context: AuthzContext,
  { token, claims }: Subject,
  permissions: readonly string[],
): Promise<Answer> {
  const pushed = claims === '' ? {} : { claim_token: toClaimToken(claims), claim_token_format: CLAIMS };
  const response = await putQuestion(context, token, permissions, {
    response_mode: 'permissions',
    ...pushed,
  });
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
  permissions: readonly string[],
  fields: Readonly<Record<string, string>>,
): Promise<string | 'unknown'> {
  const response = await putQuestion(context, token, permissions, fields);
  if (response.status === 200 && isJson(response.body)) return response.body;
  if (readAnswer(response, context, [token, ...context.credential.secrets()]) === 'unknown') return 'unknown';
  throw new AuthError('permission_denied', 'Keycloak does not grant the permission');
}

async function putQuestion(
  context: AuthzContext,
  token: string,
  permissions: readonly string[],
  fields: Readonly<Record<string, string>>,
): Promise<BoundedResponse> {
  const body = new URLSearchParams({ grant_type: UMA_TICKET, audience: context.clientId, ...fields });
  for (const one of permissions) body.append('permission', one);
  const secrets = [token, ...context.credential.secrets()];
  return post(context, token, { what: 'permissions', secrets, body });
}

interface Question {
  readonly what: string;
  readonly secrets: readonly string[];
  readonly body: URLSearchParams;
}

/**
 * The client of the resources asks, and the caller's token is the subject. As a bearer token, one of a public client could not come
 * with claims, and Keycloak refuses one that carries permissions a second after its issue, and ends the session of the user.
 */
function post(
  { credential, issuer, calls }: AuthzContext,
  token: string,
  { what, secrets, body }: Question,
): Promise<BoundedResponse> {
  const who = personOfClaims(assertNotBound(token));
  return credential.authenticate(issuer, ({ headers, fields }) => {
    const form = new URLSearchParams(body);
    for (const [name, value] of Object.entries({ ...fields, subject_token: token })) form.set(name, value);
    const init = { method: 'POST', headers: { accept: 'application/json', ...headers }, body: form };
    return calls.call(issuer.endpoints.token, { what, secrets, init, who, isQuestion: true });
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
  const response = await post(context, token, { what: 'a decision', secrets, body });
  const no = readNo(response);
  if (no !== undefined) return no === 'request_submitted' ? 'requested' : 'refused';
  if (response.status === 200 && toJsonObject(response.body)?.result === true) return 'granted';
  return readAnswer(response, context, secrets) === 'unknown' ? 'refused' : 'granted';
}

function isJson(body: string): boolean {
  try {
    return typeof JSON.parse(body) === 'object';
  } catch {
    return false;
  }
}

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
