import { AuthError, type Principal, type Verifier } from 'keycloak-guard';
import { ClientError, type KeycloakClient, type Tokens } from 'keycloak-guard/client';
import type { TokenRequest, TokenResponse } from '../models.ts';
import { type Connection, createTurns, type TurnBounds, type Turns, toNoTurn } from './turns.ts';

/**
 * The claims of a token, unchecked: only for a token that Keycloak has just sent or accepted, or that was verified.
 *
 * @returns no claims if it is not a JWT: a refresh token may be any string
 */
export function claimsOf(token: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export type AuthService = ReturnType<typeof createAuthService>;

/** Logging users in, keeping them logged in, logging them out. */
export function createAuthService(
  client: KeycloakClient,
  verifier: Pick<Verifier, 'issuer' | 'revoke'>,
  queue: Turns,
) {
  async function refuseSession(issuer: string | undefined, sessionId: unknown): Promise<void> {
    if (issuer === undefined || typeof sessionId !== 'string') return;
    await verifier.revoke({ type: 'session', issuer, sessionId });
  }

  return {
    /**
     * New tokens for a refresh token.
     *
     * @throws {AuthError} `refresh_token_invalid`
     * @throws {ClientError} if it is not the caller's fault
     */
    async refresh(refreshToken: string): Promise<TokenResponse> {
      return toTokenResponse(await client.refresh(refreshToken).catch(toRefreshError));
    },
    /**
     * Ends the session of a refresh token, in Keycloak and here.
     *
     * @throws {AuthError} `refresh_token_invalid`
     * @throws {ClientError} if it is not the caller's fault
     */
    async logout(refreshToken: string): Promise<void> {
      await client.logout(refreshToken).catch(toRefreshError);
      // Keycloak accepted it, so its claims are true.
      const { sid, session_state } = claimsOf(refreshToken);
      await refuseSession(verifier.issuer.current?.issuer, sid ?? session_state);
    },
    /**
     * Ends the session of an access token that was verified, in Keycloak and here.
     *
     * @throws {AuthError} `token_revoked` where Keycloak no longer takes the token; `revocation_not_shared` where the
     * session is over in Keycloak and here, but the other replicas could not be told
     * @throws {ClientError} where Keycloak could not; here its tokens are refused all the same
     */
    async logoutByAccessToken(principal: Principal, accessToken: string): Promise<void> {
      const { issuer, sessionId, claims } = principal;
      if (sessionId === null) {
        // A service account has no session: only the token itself can end.
        await client.revoke(accessToken);
        const tokenId = claims.jti;
        if (typeof tokenId === 'string') await verifier.revoke({ type: 'token', issuer, tokenId });
        return;
      }
      try {
        await refuseSession(issuer, sessionId);
      } finally {
        // The token is invalid from here on, whether or not Keycloak answered: a second try would be refused.
        await client.endSession(accessToken, sessionId).catch((error) => toTokenError(error, accessToken));
      }
    },
    /**
     * Exchanges a user's credentials for tokens.
     *
     * @param connection of the caller: a login that still waits for its turn when it ends is dropped
     * @throws {ClientError} saying whose fault it is
     */
    async login(
      { username, password }: TokenRequest,
      clientIp: string,
      connection?: Connection,
    ): Promise<TokenResponse> {
      const check = () => client.passwordGrant({ username, password, clientIp });
      return toTokenResponse(await queue.run(check, clientIp, connection));
    },
  };
}

/** An error about the user is about the refresh token here. */
function toRefreshError(error: unknown): never {
  const kinds = ['invalid_credentials', 'account_disabled', 'account_not_ready'];
  if (error instanceof ClientError && kinds.includes(error.kind)) {
    throw new AuthError('refresh_token_invalid', error.message);
  }
  throw error;
}

/** Of a token for the account API Keycloak says with its refusal that it is over. Any other it never takes. */
function toTokenError(error: unknown, accessToken: string): never {
  if (!(error instanceof ClientError && error.diagnosis.id === 'token-not-taken')) throw error;
  if ([claimsOf(accessToken).aud].flat().includes('account')) {
    throw new AuthError(
      'token_revoked',
      'Keycloak no longer takes the token: its session is over, or it expired',
    );
  }
  throw new ClientError(NOT_FOR_ACCOUNT);
}

const NOT_FOR_ACCOUNT = {
  id: 'token-not-for-account',
  kind: 'client_misconfigured',
  cause: "the access token cannot end its session: Keycloak's client account is not in its aud",
  fix: 'Log out with the refresh token. Or let access tokens name the client account: the user needs a role of it, and the client the scope roles, which has an audience mapper.',
} as const;

function toTokenResponse(tokens: Tokens): TokenResponse {
  const { accessToken, tokenType, expiresInSeconds, refreshToken, refreshExpiresInSeconds } = tokens;
  return {
    access_token: accessToken,
    token_type: tokenType,
    ...(expiresInSeconds === null ? {} : { expires_in: expiresInSeconds }),
    ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
    ...(refreshExpiresInSeconds === null ? {} : { refresh_expires_in: refreshExpiresInSeconds }),
  };
}

/** Limits concurrent password checks: each costs Keycloak a tenth of a second of a core. */
export function createPasswordQueue(bounds: TurnBounds): Turns {
  return createTurns({ ...bounds, isFailure: isWrongPassword, tooMany: TOO_MANY, gone: GONE });
}

function isWrongPassword(error: unknown): boolean {
  return (
    error instanceof ClientError &&
    (error.kind === 'invalid_credentials' || error.kind === 'account_disabled')
  );
}

const TOO_MANY = toNoTurn(
  'too-many-logins',
  'more logins come than Keycloak checks passwords',
  'An attacker may be guessing passwords. Otherwise give Keycloak more processors, then raise LOGIN_MAX_IN_FLIGHT.',
);
const GONE = toNoTurn(
  'caller-gone',
  'the client hung up while its login waited',
  'Logins wait for their turn: give Keycloak more processors, or callers more patience.',
);
