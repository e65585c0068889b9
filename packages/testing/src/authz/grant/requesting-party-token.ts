import type { Provider } from '../../provider.ts';
import type { Client } from '../../realm/client.ts';
import { accessTokenClaims, algorithmOf, type Claims, refreshTokenClaims } from '../../tokens/issue.ts';
import type { GoodToken } from '../../tokens/read-access-token.ts';
import { toGranted } from '../../tokens/scopes.ts';
import type { PermissionClaim } from './granted-permissions.ts';

/**
 * A token that carries permissions (UMA 2.0 Grant §3.3.5): issued to the asking client, for the resource server, with the
 * resource server's claims.
 */
export async function issueRequestingPartyToken(
  provider: Provider,
  { client: asking, user, session }: GoodToken,
  target: Client,
  permissions: readonly PermissionClaim[],
  issuer: string,
): Promise<Claims> {
  const { realm, keys, clock } = provider;
  const isOwn = asking.clientId === target.clientId;
  const grant = {
    ...{ issuer, client: target, user, session, authorization: { permissions }, grantCode: 'na' },
    scopes: toGranted(realm, target.defaultScopes),
    isGuest: session !== undefined && !isOwn,
  };
  const access: Claims = { ...accessTokenClaims(provider, grant), azp: asking.clientId };
  const audience = [access.aud ?? []].flat() as string[];
  if (!audience.includes(target.clientId)) access.aud = target.clientId;
  const now = clock.seconds();
  const answer: Claims = {
    access_token: await keys.sign(access, algorithmOf(provider, asking, 'access')),
    expires_in: (access.exp as number) - now,
    refresh_expires_in: 0,
  };
  if (session !== undefined && asking.attributes['use.refresh.tokens'] !== 'false') {
    const refresh: Claims = { ...refreshTokenClaims(provider, grant, session), azp: asking.clientId };
    answer.refresh_token = await keys.signInternal(refresh);
    if (refresh.exp !== undefined) answer.refresh_expires_in = (refresh.exp as number) - now;
  }
  answer.token_type = 'Bearer';
  answer['not-before-policy'] = Math.max(realm.settings.notBefore ?? 0, asking.notBefore);
  return answer;
}
