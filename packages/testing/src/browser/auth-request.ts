import { Fault, invalidRequest } from '../fault.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import { askedResource } from '../tokens/resource.ts';
import { grantScopes } from '../tokens/scopes.ts';
import type { DeviceRequest } from './devices.ts';
import { type Challenge, checkChallenge } from './pkce.ts';
import { isRedirectUri } from './redirect-uri.ts';

export type ResponseMode = 'query' | 'fragment' | 'form_post';

/** An authorization request (RFC 6749 §4.1.1) whose redirect URI can be trusted with the answer. */
export interface AuthRequest {
  readonly client: Client;
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly mode: ResponseMode;
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
  /** Its `request_uri`, if it was pushed (RFC 9126). */
  readonly pushedAs?: string;
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

/** Finds the client, and where the answer may go. @throws {PageFault} */
export function readAuthRequest(realm: Realm, query: URLSearchParams): AuthRequest {
  const names = [...query.keys()];
  if (new Set(names).size !== names.length) throw new PageFault('Invalid Request');
  const client = realm.client(query.get('client_id') ?? '');
  if (client === undefined) throw new PageFault('Client not found.');
  if (!client.enabled) throw new PageFault('Client disabled.');
  if (client.bearerOnly) {
    throw new PageFault('Bearer-only applications are not allowed to initiate browser login', 403);
  }
  const redirectUri = text(query, 'redirect_uri');
  if (redirectUri === undefined || !isRedirectUri(client, redirectUri)) {
    throw new PageFault('Invalid parameter: redirect_uri');
  }
  if (query.has('request') || query.has('request_uri')) throw new PageFault('Invalid Request');
  const asked = text(query, 'response_mode');
  const implicit = /token/.test(text(query, 'response_type') ?? '');
  const mode: ResponseMode =
    asked === 'fragment' || asked === 'form_post' ? asked : implicit ? 'fragment' : 'query';
  return { client, redirectUri, state: text(query, 'state'), mode };
}

/** Checks the rest. @throws {Fault} to be sent to the client at its redirect URI (RFC 6749 §4.1.2.1) */
export function checkAuthRequest(
  realm: Realm,
  query: URLSearchParams,
  request: AuthRequest,
  pushed: boolean,
): ValidAuthRequest {
  const { client } = request;
  if (!pushed && hasFlag(client, 'require.pushed.authorization.requests')) {
    throw invalidRequest('Pushed Authorization Request is only allowed.');
  }
  const type = text(query, 'response_type') ?? '';
  const parts = type.split(' ');
  if (type === '' || parts.some((part) => !['code', 'token', 'id_token', 'none'].includes(part))) {
    throw new Fault(400, 'unsupported_response_type');
  }
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
  if (mode !== undefined && !['query', 'fragment', 'form_post'].includes(mode)) {
    throw new Fault(400, 'invalid_request', 'Invalid parameter: response_mode');
  }
  const scope = text(query, 'scope');
  grantScopes(realm, client, scope);
  const maxAge = text(query, 'max_age');
  return {
    ...request,
    scope,
    nonce: text(query, 'nonce'),
    prompts: (text(query, 'prompt') ?? '').split(' '),
    maxAge: maxAge !== undefined && /^\d+$/.test(maxAge) ? Number(maxAge) : undefined,
    loginHint: text(query, 'login_hint'),
    resource: askedResource(realm, query),
    challenge: checkChallenge(client, text(query, 'code_challenge'), text(query, 'code_challenge_method')),
  };
}
