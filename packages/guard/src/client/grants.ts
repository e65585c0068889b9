import { setTimeout as sleep } from 'node:timers/promises';
import * as oauth from 'oauth4webapi';
import { genericTokenEndpointRequest, processGenericTokenEndpointResponse } from 'oauth4webapi';
import { readCompactJws, type SingleFlight, toJsonObject } from '../core/internal.ts';
import { callKeycloak, type OAuthApi } from './call.ts';
import type { CallOptions, ClientContext } from './context.ts';
import { toTokens } from './token-response.ts';
import type { Tokens } from './tokens.ts';

/** The purpose of a token in this client's own name. */
export interface ServiceTokenRequest {
  /** Scopes to ask for, separated by one space. Default: the client's default scopes. */
  readonly scope?: string | undefined;
}

/**
 * One request to the token endpoint (RFC 6749 §5), with this client's authentication. Where an ID token comes back, its
 * claims are checked.
 *
 * @throws {ClientError}
 */
export const grant: GrantRequest<Tokens> = toRequest(async (api, answer) =>
  toTokens(await processGenericTokenEndpointResponse(api.server, api.client, answer)),
);

/**
 * The same, with Keycloak's raw answer. Its tokens are not checked: the callers verify them.
 *
 * @throws {ClientError}
 */
export const requestTokens: GrantRequest<string> = toRequest(async (_api, answer) => {
  const text = await answer.text();
  if (answer.status === 200 && toJsonObject(text) !== undefined) return text;
  // The answer was recorded, and says why.
  throw new Error('refused');
});

type GrantRequest<T> = (
  context: ClientContext,
  grantType: string,
  parameters: Readonly<Record<string, string>>,
  call: CallOptions,
) => Promise<T>;

function toRequest<T>(read: (api: OAuthApi, answer: Response) => Promise<T>): GrantRequest<T> {
  return (context, grantType, parameters, call) =>
    callKeycloak(context, call, async (api) => {
      const { server, client, authentication, options } = api;
      const fields = { ...parameters };
      return read(
        api,
        await genericTokenEndpointRequest(server, client, authentication, grantType, fields, options()),
      );
    });
}

// The grants that are one request to the token endpoint.

/** A user's credentials, once. */
export interface PasswordGrantRequest {
  readonly username: string;
  readonly password: string;
  /** Scopes to ask for, separated by one space. Default `openid`: userinfo refuses tokens without it. */
  readonly scope?: string | undefined;
  /** Address of the user, passed on as `X-Forwarded-For` for Keycloak's events and brute force detection. */
  readonly clientIp?: string | undefined;
}

/** RFC 6749 §4.3.2 */
export function passwordGrant(context: ClientContext, request: PasswordGrantRequest): Promise<Tokens> {
  const { username, password, scope = 'openid', clientIp } = request;
  return grant(context, 'password', { username, password, scope }, { clientIp, hidden: [password] });
}

/**
 * RFC 6749 §6. A second call with the same refresh token gets the answer to the first: with
 * "Revoke Refresh Token" on, a second call would end the session.
 */
export function refresh(
  context: ClientContext,
  once: SingleFlight<Tokens>,
  refreshToken: string,
): Promise<Tokens> {
  const parameters = { refresh_token: refreshToken };
  return once(refreshToken, () => grant(context, 'refresh_token', parameters, { hidden: [refreshToken] }));
}

/** A token of this client itself: its service account's (RFC 6749 §4.4). */
export function clientCredentials(
  context: ClientContext,
  request: ServiceTokenRequest = {},
): Promise<Tokens> {
  return grant(context, 'client_credentials', toScope(request), {});
}

/** The token to exchange, and the one that is requested. */
export interface ExchangeRequest {
  /** Access token of a user or a service. This client must be in its `aud`, or its `azp`. */
  readonly subjectToken: string;
  /** Client id of the service that the new token is for. */
  readonly audience: string;
  /** Scopes to ask for, separated by one space: often one that brings the audience. Default: the client's default scopes. */
  readonly scope?: string | undefined;
}

/**
 * Standard token exchange (RFC 8693 §2). Keycloak gives each new token a full lifetime: here it counts no longer than the
 * token that was exchanged, so that an exchange of an exchange ends.
 */
export async function exchange(context: ClientContext, request: ExchangeRequest): Promise<Tokens> {
  const { subjectToken, audience } = request;
  const now = Date.now();
  const fields = {
    subject_token: subjectToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience,
    ...toScope(request),
  };
  const type = 'urn:ietf:params:oauth:grant-type:token-exchange';
  const tokens = await grant(context, type, fields, { hidden: [subjectToken] });
  const { exp } = readCompactJws(subjectToken).payload();
  const left = typeof exp === 'number' ? Math.max(0, exp - Math.ceil(now / 1000)) : 0;
  return { ...tokens, expiresInSeconds: Math.min(tokens.expiresInSeconds ?? left, left) };
}

/** A code that was given to a program in the browser, which has checked `state` itself. */
export interface CodeExchange {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

/** RFC 6749 §4.1.3 with RFC 7636 §4.5. Not checked: `state`, `iss` of the response, and the nonce. */
export function exchangeCode(context: ClientContext, exchange: CodeExchange): Promise<Tokens> {
  const { code, redirectUri, codeVerifier } = exchange;
  const fields = { code, redirect_uri: redirectUri, code_verifier: codeVerifier };
  return grant(context, 'authorization_code', fields, { hidden: [code, codeVerifier] });
}

const toScope = ({ scope }: ServiceTokenRequest) => (scope === undefined ? {} : { scope });

/** The instructions for a person who signs in on another device. */
export interface DevicePrompt {
  readonly userCode: string;
  /** Where the code is typed in. */
  readonly verificationUri: string;
  /** The same with the code in it, or `null`. */
  readonly verificationUriComplete: string | null;
  /** Unit: seconds. */
  readonly expiresInSeconds: number;
}

/** Sign-in on another device. */
export interface DeviceGrantRequest {
  /** Scopes to ask for, separated by one space. Default: `openid`. */
  readonly scope?: string | undefined;
  /** Ends the waiting: who waits gets its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Where Keycloak names no interval, and for how much longer to wait where it says `slow_down` (RFC 8628 §3.2, §3.5). */
const INTERVAL_SECONDS = 5;

/**
 * Device authorization grant (RFC 8628). `onPrompt` is called once, with what to show; resolves when the person has
 * signed in.
 */
export async function deviceGrant(
  context: ClientContext,
  onPrompt: (prompt: DevicePrompt) => void,
  { scope = 'openid', signal }: DeviceGrantRequest = {},
): Promise<Tokens> {
  return callKeycloak(context, { signal }, async ({ server, client, authentication, options }) => {
    const begun = await oauth.deviceAuthorizationRequest(
      server,
      client,
      authentication,
      { scope },
      options(),
    );
    const started = await oauth.processDeviceAuthorizationResponse(server, client, begun);
    onPrompt({
      userCode: started.user_code,
      verificationUri: started.verification_uri,
      verificationUriComplete: started.verification_uri_complete ?? null,
      expiresInSeconds: started.expires_in,
    });
    let seconds = started.interval ?? INTERVAL_SECONDS;
    for (;;) {
      await sleep(seconds * 1000, undefined, signal === undefined ? {} : { signal });
      const answer = await oauth.deviceCodeGrantRequest(
        server,
        client,
        authentication,
        started.device_code,
        options(),
      );
      try {
        return toTokens(await oauth.processDeviceCodeResponse(server, client, answer));
      } catch (error) {
        const said = error instanceof oauth.ResponseBodyError ? error.error : undefined;
        if (said === 'slow_down') seconds += INTERVAL_SECONDS;
        else if (said !== 'authorization_pending') throw error;
      }
    }
  });
}
