import { AuthError } from '../core/index.ts';
import { type BoundedResponse, describeAnswer, type HeldToken, toJsonObject } from '../core/internal.ts';
import type { AuthzContext } from './context.ts';
import { createServiceToken } from './service-token.ts';

/** An answer of the protection API that does not refuse this API itself. */
export interface ProtectionAnswer {
  readonly status: number;
  /** The body, parsed; `undefined` if it is not JSON. */
  readonly json: unknown;
  /** A description for messages. */
  readonly seen: string;
}

/** Calls Keycloak's protection API as the resource server (UMA 2.0 Federated Authorization). */
export interface ProtectionApi {
  /**
   * @param path below `authz/protection`, with its query
   * @throws {AuthError} `provider_misconfigured` if the client is not allowed to, `provider_unavailable` without an answer
   */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<ProtectionAnswer>;
  /** The same API, for calls that one user caused (`personOfClaims`): what they cost is that user's. */
  onBehalfOf(who: string): ProtectionApi;
}

export function createProtectionApi(context: AuthzContext): ProtectionApi {
  return toApi(context, createServiceToken(context), undefined);
}

function toApi(context: AuthzContext, serviceToken: HeldToken, who: string | undefined): ProtectionApi {
  async function send(method: string, path: string, body: unknown, token: string): Promise<BoundedResponse> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const url = `${context.issuer.baseUrl}/authz/protection/${path}`;
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const secrets = [token, ...context.credential.secrets()];
    return context.calls.call(url, { what: 'an answer', secrets, init, who });
  }

  return {
    onBehalfOf: (user) => toApi(context, serviceToken, user),
    async call(method, path, body) {
      let token = await serviceToken.get();
      let response = await send(method, path, body, token);
      // The token may have been ended early, for example by a logout of all sessions.
      if (refusalOf(response) === 'invalid_bearer_token') {
        serviceToken.drop(token);
        token = await serviceToken.get();
        response = await send(method, path, body, token);
      }
      const seen = describeAnswer(response, [token, ...context.credential.secrets()]);
      const fix = fixOf(response, context.clientId);
      if (fix !== undefined) throw new AuthError('provider_misconfigured', `${fix} (${seen})`);
      if (response.status >= 500 || response.status === 429 || isPage(response)) {
        throw new AuthError(
          'provider_unavailable',
          `Keycloak's protection API gave no usable answer (${seen})`,
        );
      }
      return { status: response.status, json: toJson(response.body), seen };
    },
  };
}

function refusalOf({ body }: BoundedResponse): unknown {
  return toJsonObject(body)?.error;
}

function fixOf(response: BoundedResponse, clientId: string): string | undefined {
  switch (refusalOf(response)) {
    case 'invalid_clientId':
    case 'invalid_clientid':
      return `The client ${clientId} is not a resource server: turn "Authorization" on in Keycloak`;
    case 'invalid_bearer_token':
      return `Keycloak does not accept the token that it gave the client ${clientId}: compare the issuers (KC_HOSTNAME)`;
    case 'not_supported':
      return `Turn on "Remote resource management" of the client ${clientId}`;
    case 'invalid_scope':
      return response.status === 403
        ? `Give the service account of the client ${clientId} its client role uma_protection`
        : undefined;
    default:
      return undefined;
  }
}

/** Redirects and HTML pages come from a proxy. */
function isPage({ status, body }: BoundedResponse): boolean {
  return (status >= 300 && status < 400) || /^\s*</.test(body);
}

function toJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
