import { Fault, invalidRequest } from '../fault.ts';
import { field } from '../http/form.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import { type Claims, issueTokens } from '../tokens/issue.ts';
import { readToken } from '../tokens/read-access-token.ts';
import { type GrantedScopes, grantScopes, toGranted } from '../tokens/scopes.ts';
import type { GrantHandler } from './grant-handler.ts';

const TYPE = 'urn:ietf:params:oauth:token-type:';

/** RFC 8693 as Keycloak's "standard token exchange": trades an access token for another, within the realm. */
export const tokenExchangeGrant: GrantHandler = async ({ provider, form, client, issuer, jkt }) => {
  const { realm } = provider;
  const { subject, requested } = checkParameters(client, form);
  const reading = await readToken(provider, subject, issuer, ['Bearer', 'DPoP']);
  if ('problem' in reading) throw invalidRequest('Invalid token');
  const { claims, user, session } = reading;
  const own = claims.azp === client.clientId;
  const audience = [claims.aud ?? []].flat() as string[];
  if (!own && !audience.includes(client.clientId)) {
    throw new Fault(403, 'access_denied', 'Client is not within the token audience');
  }
  const wanted = form.getAll('audience');
  assertAudiencesExist(realm, wanted);
  const scope = field(form, 'scope');
  const scopes =
    own && scope === undefined ? sameScopes(realm, client, claims) : grantScopes(realm, client, scope);
  const answer = await issueTokens(provider, {
    issuer,
    client,
    user,
    session,
    scopes,
    grantCode: 'te',
    exchangedFor: own ? 'same' : 'other',
    jkt,
    ...(wanted.length === 0 ? {} : { onlyAudience: wanted }),
  });
  delete answer.refresh_token;
  answer.refresh_expires_in = 0;
  answer.issued_token_type = requested;
  if (requested !== `${TYPE}id_token`) return answer;
  if (answer.id_token !== undefined) answer.access_token = answer.id_token;
  delete answer.id_token;
  return { ...answer, token_type: 'N_A' };
};

function checkParameters(client: Client, form: URLSearchParams): { subject: string; requested: string } {
  if (client.isPublic || !hasFlag(client, 'standard.token.exchange.enabled')) {
    throw invalidRequest('Standard token exchange is not enabled for the requested client');
  }
  const required = (name: string) => {
    const value = field(form, name);
    if (value !== undefined) return value;
    throw invalidRequest(`Parameter '${name}' required for standard token exchange`);
  };
  const subject = required('subject_token');
  if (required('subject_token_type') !== `${TYPE}access_token`) {
    throw invalidRequest("Parameter 'subject_token' supports access tokens only");
  }
  for (const name of ['subject_issuer', 'requested_subject']) {
    if (!form.has(name)) continue;
    throw invalidRequest(`Parameter '${name}' is not supported for standard token exchange`);
  }
  const requested = field(form, 'requested_token_type') ?? `${TYPE}access_token`;
  if (requested !== `${TYPE}access_token` && requested !== `${TYPE}id_token`) {
    throw invalidRequest('requested_token_type unsupported');
  }
  return { subject, requested };
}

function assertAudiencesExist(realm: Realm, audiences: readonly string[]): void {
  if (audiences.some((id) => realm.client(id) === undefined)) {
    throw new Fault(400, 'invalid_client', 'Audience not found');
  }
}

/** A client that exchanges its own token keeps its scopes, and gets no ID token. */
function sameScopes(realm: Realm, client: Client, claims: Claims): GrantedScopes {
  const names = [...String(claims.scope ?? '').split(' '), ...client.defaultScopes];
  return { ...toGranted(realm, names), openid: false };
}
