import { createHash } from 'node:crypto';
import { Fault, invalidGrant, invalidRequest } from '../fault.ts';
import { refuseDuplicates } from '../http/bodies.ts';
import { type Client, hasFlag, toAbsolute } from '../realm/client.ts';
import { isSameSecret } from '../realm/password.ts';
import type { Realm } from '../realm/realm.ts';
import { grantScopes, requestedResource } from '../tokens/scopes.ts';
import type { Challenge, DeviceRequest } from './devices.ts';

// RFC 7636 §4.1
const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/;

/** RFC 7636 §4.3, and the method that the client requires. @throws {Fault} 400 `invalid_request` */
export function checkChallenge(
  client: Client,
  value: string | undefined,
  method: string | undefined,
): Challenge | undefined {
  const required = client.attributes['pkce.code.challenge.method'] || undefined;
  if (required !== undefined && method === undefined)
    throw invalidRequest('Missing parameter: code_challenge_method');
  if (value === undefined) {
    if (method === undefined) return undefined;
    throw invalidRequest('Missing parameter: code_challenge');
  }
  if (method !== undefined && method !== 'S256' && method !== 'plain')
    throw invalidRequest('Invalid parameter: code_challenge_method');
  if (required !== undefined && method !== required)
    throw invalidRequest('Invalid parameter: code challenge method is not matching the configured one');
  if (!VERIFIER.test(value)) throw invalidRequest('Invalid parameter: code_challenge');
  return { value, method: method ?? 'plain' };
}

/** RFC 7636 §4.6. @throws {Fault} 400 `invalid_grant` */
export function checkVerifier(challenge: Challenge | undefined, verifier: string | undefined): void {
  if (challenge === undefined) {
    if (verifier === undefined) return;
    throw invalidGrant('PKCE code verifier specified but challenge not present in authorization');
  }
  if (verifier === undefined) throw invalidGrant('PKCE code verifier not specified');
  if (!VERIFIER.test(verifier)) throw invalidGrant('PKCE verification failed: Invalid code verifier');
  const derived =
    challenge.method === 'plain' ? verifier : createHash('sha256').update(verifier).digest('base64url');
  if (!isSameSecret(derived, challenge.value)) throw invalidGrant('PKCE verification failed: Code mismatch');
}

const LOOPBACK = /^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])):\d+(?=[/?#]|$)/;

/** Whether a login may lead to `uri`. The output says of one that may not which are registered, as with a logout. */
export const isRedirectUri = (client: Client, uri: string | undefined): uri is string =>
  isOneOf(client.redirectUris, uri, client, 'redirect URI');

/** Whether a logout may lead to `uri`. `+` stands for the client's redirect URIs. */
export function isPostLogoutRedirectUri(client: Client, uri: string): boolean {
  const listed = client.attributes['post.logout.redirect.uris']?.split('##') ?? [];
  const uris = listed.flatMap((one) =>
    one === '+' ? client.redirectUris : one === '-' ? [] : [toAbsolute(one, client.rootUrl)],
  );
  return isOneOf(uris, uri, client, 'post logout redirect URI');
}

function isOneOf(uris: readonly string[], uri: string | undefined, client: Client, kind: string): boolean {
  if (uri !== undefined && !carriesAnswer(client, uri) && matchesAny(uris, uri)) return true;
  // With `cimd`, all of it comes from others.
  const [wrong, clientId, ...registered] = [uri, client.clientId, ...uris].map((one) => JSON.stringify(one));
  console.warn(`${wrong} is no ${kind} of the client ${clientId}: ${registered.join(', ') || 'it has none'}`);
  return false;
}

/** What only the provider may say at a redirect URI. */
const ANSWERS: ReadonlySet<string> = new Set([
  ...['state', 'code', 'session_state', 'iss', 'error', 'error_description', 'response', 'kc_action_status'],
  ...['access_token', 'id_token', 'token_type', 'expires_in'],
]);

/** Whether `uri` has a parameter of an answer, which Keycloak has refused since 26.7.3, unless the client allows it. */
function carriesAnswer(client: Client, uri: string): boolean {
  if (hasFlag(client, 'allow.oidc.params.in.redirect.uris')) return false;
  const [, query = '', fragment = ''] = /^[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s.exec(uri) ?? [];
  const names = [query, fragment].flatMap((part) => [...new URLSearchParams(part).keys()]);
  return names.some((name) => ANSWERS.has(name.toLowerCase()));
}

/**
 * Compares texts, not parsed URLs, as Keycloak does, and refuses what a browser might read in another way. A `*` at the end of
 * a registered URI stands for any rest. A registered loopback URI without a port fits any port (RFC 8252 §7.3).
 */
function matchesAny(registered: readonly string[], uri: string): boolean {
  if (!isPlain(uri)) return false;
  const bare = uri.replace(/[?#].*$/s, '');
  const candidates = [bare, bare.replace(LOOPBACK, '$1')];
  return registered.some((pattern) => {
    if (!pattern.endsWith('*') || pattern.includes('?'))
      return pattern === uri || pattern === uri.replace(LOOPBACK, '$1');
    const prefix = pattern.slice(0, -1);
    return candidates.some((one) => one.startsWith(prefix) || `${one}/` === prefix);
  });
}

function isPlain(uri: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refuses exactly those
  if (/[\\\s\u0000-\u001f\u007f]/.test(uri) || /^(javascript|data|vbscript|file|blob):/i.test(uri))
    return false;
  const match = /^[a-z][a-z0-9+.-]*:(?:\/\/([^/?#]*))?([^?#]*)/i.exec(uri);
  if (match === null || match[1]?.includes('@')) return false;
  let path = match[2] ?? '';
  for (let round = 0; round < 4; round += 1) {
    if (path.split(/[/\\]/).includes('..')) return false;
    try {
      path = decodeURIComponent(path);
    } catch {
      return false;
    }
  }
  return true;
}

/** An authorization request (RFC 6749 §4.1.1) whose redirect URI can be trusted with the answer. */
export interface AuthRequest {
  readonly client: Client;
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly mode: 'query' | 'fragment';
}

/** A valid authorization request. */
export interface ValidAuthRequest extends AuthRequest {
  readonly scope: string | undefined;
  readonly nonce: string | undefined;
  readonly prompts: readonly string[];
  readonly maxAge: number | undefined;
  readonly loginHint: string | undefined;
  readonly challenge: Challenge | undefined;
  /** The resource that the tokens are for (RFC 8707). */
  readonly resource?: string | undefined;
  /** The device that waits for the answer in place of a redirect URI (RFC 8628). */
  readonly device?: DeviceRequest;
}

/** The request cannot be trusted: it is answered with a page, not a redirect. */
export class PageFault extends Error {
  override readonly name = 'PageFault';
  readonly statusCode: number;

  constructor(message: string, statusCode = 400) {
    super(message);
    this.statusCode = statusCode;
  }
}

// Keycloak ignores longer values.
const MAX_LENGTH = 4000;
const text = (query: URLSearchParams, name: string) => {
  const value = query.get(name);
  return value === null || value.length > MAX_LENGTH ? undefined : value;
};

const promptsOf = (query: URLSearchParams) => (text(query, 'prompt') ?? '').split(' ');
const isInteger = (text: string) => /^[+-]?\d+$/.test(text) && Math.abs(Number(text)) < 2 ** 31;

/** Finds the client, and where the answer may go. @throws {PageFault} */
export function readAuthRequest(realm: Realm, query: URLSearchParams): AuthRequest {
  if (query.getAll('client_id').length > 1) throw new PageFault('Invalid Request');
  const client = realm.client(query.get('client_id') ?? '');
  if (client === undefined) throw new PageFault('Client not found.');
  if (!client.enabled) throw new PageFault('Client disabled.');
  if (client.bearerOnly)
    throw new PageFault('Bearer-only applications are not allowed to initiate browser login', 403);
  const redirectUri = text(query, 'redirect_uri');
  if (!isRedirectUri(client, redirectUri)) throw new PageFault('Invalid parameter: redirect_uri');
  if (query.has('request') || query.has('request_uri')) throw new PageFault('Invalid Request');
  const age = query.get('max_age');
  if (age !== null && !isInteger(age)) throw new PageFault('Invalid Request');
  if (promptsOf(query).includes('create') && realm.settings.registrationAllowed !== true)
    throw new PageFault('Registration not allowed');
  const requestedMode = text(query, 'response_mode');
  const implicit = /token/.test(text(query, 'response_type') ?? '');
  const mode = requestedMode === 'fragment' || implicit ? 'fragment' : 'query';
  return { client, redirectUri, state: text(query, 'state'), mode };
}

/** Checks the rest. @throws {Fault} to be sent to the client at its redirect URI (RFC 6749 §4.1.2.1) */
export function checkAuthRequest(
  realm: Realm,
  query: URLSearchParams,
  request: AuthRequest,
): ValidAuthRequest {
  const { client } = request;
  refuseDuplicates(query);
  if (hasFlag(client, 'require.pushed.authorization.requests'))
    throw invalidRequest('Pushed Authorization Request is only allowed.');
  if (!query.has('response_type')) throw invalidRequest('Missing parameter: response_type');
  const type = text(query, 'response_type') ?? '';
  const parts = type.split(' ');
  if (type === '' || parts.some((part) => !['code', 'token', 'id_token', 'none'].includes(part)))
    throw new Fault(400, 'unsupported_response_type');
  const refused = (flow: string) =>
    new Fault(
      400,
      'unauthorized_client',
      `Client is not allowed to initiate browser login with given response_type. ${flow} flow is disabled for the client.`,
    );
  if (parts.some((part) => part.includes('token')) && !client.implicitFlow) throw refused('Implicit');
  if (type !== 'code') throw new Fault(400, 'unsupported_response_type');
  if (!client.standardFlow) throw refused('Standard');
  const mode = text(query, 'response_mode');
  if (mode !== undefined && !['query', 'fragment'].includes(mode))
    throw new Fault(400, 'invalid_request', 'Invalid parameter: response_mode');
  const scope = text(query, 'scope');
  grantScopes(realm, client, scope);
  const maxAge = text(query, 'max_age');
  return {
    ...request,
    scope,
    nonce: text(query, 'nonce'),
    prompts: promptsOf(query),
    maxAge: maxAge !== undefined && /^\d+$/.test(maxAge) ? Number(maxAge) : undefined,
    loginHint: text(query, 'login_hint'),
    resource: requestedResource(realm, query),
    challenge: checkChallenge(client, text(query, 'code_challenge'), text(query, 'code_challenge_method')),
  };
}
