import type { AuthError } from 'keycloak-guard';
import { canName, toAudienceCommand } from '../../../setup/audience-command.ts';
import type { Reach } from '../../context.ts';
import { audienceOf, type DecodedJwt } from '../../evidence/jwt.ts';
import { addAudience } from '../client/say.ts';
import { explainUnknownKey } from './explain-key.ts';

/** Why the service refuses a token, and what to change. */
export async function explainRefusal(
  error: AuthError,
  jwt: DecodedJwt | undefined,
  reach: Reach,
): Promise<{ seen: string; cause: string; fix: string }> {
  const { clientId } = reach.caller;
  const claims = jwt?.claims ?? {};
  const seen = error.seen === undefined ? error.code : `${error.code}: ${error.seen}`;
  const say = (cause: string, fix: string) => ({ seen, cause, fix });
  switch (error.code) {
    case 'token_malformed':
      if (jwt !== undefined) {
        return say(
          `the token is a JWT, but longer than the 64 KB that fit into a header: Keycloak answers 431 to it, and this service 401 or 431`,
          'Make it smaller: take scopes and mappers out of the client that fill it (roles, groups, attributes).',
        );
      }
      return say(
        'this is not a JWT',
        'Send the access_token of the login answer, whole: three parts with two dots, no quotes, no line break.',
      );
    case 'token_encrypted':
      return say(
        'the token is encrypted (JWE)',
        `Clients > ${clientId} > Advanced: clear the encryption of access tokens`,
      );
    case 'token_algorithm':
      return say(
        `the token is signed with '${jwt?.header.alg}', which a service with public keys cannot or must not verify`,
        `Clients > ${clientId} > Advanced > Fine grain OpenID Connect configuration > Access token signature algorithm: RS256, or another that is not HS…\nkcadm: attributes."access.token.signed.response.alg"=RS256`,
      );
    case 'token_key_unknown':
      return { seen, ...(await explainUnknownKey(jwt, reach)) };
    case 'token_signature':
      return say(
        'the signature does not fit: the token was changed on the way, or was cut',
        'Log in again and send the token as it came.',
      );
    case 'token_issuer':
      return say(
        `the token is from '${claims.iss}', and this realm issues as '${error.expected ?? 'another issuer'}'`,
        'Log in at the Keycloak and the realm that this service uses. If it is the same Keycloak under two names (Docker: keycloak:8080 and localhost:8080), set KC_HOSTNAME of Keycloak to its public URL, or, where Keycloak is not yours to set, KEYCLOAK_ISSUER of this service to the issuer of the token.',
      );
    case 'token_type':
      return say(
        `it is not an access token (typ '${claims.typ ?? 'none'}')`,
        'Send the access_token of the login answer, not the id_token and not the refresh_token. A mapper that sets the claim typ must go.',
      );
    case 'token_audience':
      return say(
        `the token is for ${audienceOf(claims).join(', ') || 'nobody'} and was issued to '${claims.azp}': not for this service ('${reach.config.audience?.join("' or '") ?? clientId}')`,
        `${addAudience(claims.azp ?? clientId, reach.config.audience?.[0] ?? clientId)}${orBySetup(reach, claims.azp)}`,
      );
    case 'token_expired':
      return say(
        `the token expired at ${toTime(claims.exp)}`,
        'Log in again, or refresh. If it is fresh, the clocks differ: keep both machines on NTP.',
      );
    case 'token_not_yet_valid':
      return say(
        `the token is valid from ${toTime(claims.nbf ?? claims.iat)} on`,
        'The clocks differ: keep both machines on NTP, or raise CLOCK_TOLERANCE_SECONDS for a while.',
      );
    case 'token_bound':
      return say(
        'the token is bound to a key (DPoP or a TLS certificate) and is worth nothing as a bearer token',
        `Clients > ${claims.azp ?? clientId} > Settings > Capability config > Require DPoP bound tokens OFF`,
      );
    case 'token_revoked':
      return say(
        'the token was good, but its session is over, or its user or client is disabled, or it was revoked',
        'Log in again.',
      );
    default:
      return say(error.message, 'The words above are what the service itself would log.');
  }
}

export function toTime(seconds: unknown): string {
  return typeof seconds === 'number' && Number.isFinite(seconds) && Math.abs(seconds) < 1e11
    ? new Date(seconds * 1000).toISOString()
    : 'no time that can be read';
}

/** The same fix as a `setup` command, if another client's tokens should work here. */
export function orBySetup({ caller, config }: Reach, issuedTo: unknown): string {
  const { serverUrl, realm, clientId } = caller;
  const isByAnotherName = config.audience !== undefined && !config.audience.includes(clientId);
  if (typeof issuedTo !== 'string' || !canName(issuedTo) || isByAnotherName) return '';
  return `\nOr: ${toAudienceCommand({ serverUrl, realm, clientId, callers: [issuedTo] })}`;
}
