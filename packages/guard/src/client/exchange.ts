import { readCompactJws } from '../core/internal.ts';
import type { ClientContext } from './context.ts';
import { grant } from './grant.ts';
import type { Tokens } from './tokens.ts';

/** Whose token is exchanged, and for what. */
export interface ExchangeRequest {
  /** Access token of a user or a service. This client must be in its `aud`, or its `azp`. */
  readonly subjectToken: string;
  /** Client id of the service that the new token is for. */
  readonly audience: string;
  /** Scopes to ask for, separated by one space: often one that brings the audience. Default: the client's default scopes. */
  readonly scope?: string | undefined;
}

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/**
 * Standard token exchange (RFC 8693 §2). Keycloak gives each new token a full lifetime: here it counts no longer than the
 * token that was exchanged, so that an exchange of an exchange ends.
 */
export async function exchange(context: ClientContext, request: ExchangeRequest): Promise<Tokens> {
  const { subjectToken, audience, scope } = request;
  const now = Date.now();
  const tokens = await grant(
    context,
    GRANT,
    {
      subject_token: subjectToken,
      subject_token_type: ACCESS_TOKEN,
      audience,
      ...(scope === undefined ? {} : { scope }),
    },
    { hidden: [subjectToken] },
  );
  const { exp } = readCompactJws(subjectToken).payload();
  const left = typeof exp === 'number' ? Math.max(0, exp - Math.ceil(now / 1000)) : 0;
  return { ...tokens, expiresInSeconds: Math.min(tokens.expiresInSeconds ?? left, left) };
}
