import { Fault, invalidRequest } from '../fault.ts';
import { field } from '../http/bodies.ts';
import type { Provider } from '../provider/provider.ts';
import { type Client, hasFlag } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import { type Claims, type GoodToken, issueTokens, readToken } from '../tokens/issue.ts';
import { type GrantedScopes, grantScopes } from '../tokens/scopes.ts';
import type { GrantHandler } from './grants.ts';

const TYPE = 'urn:ietf:params:oauth:token-type:';
const ACCESS = `${TYPE}access_token`;

/** RFC 8693 as Keycloak's "standard token exchange": trades an access token for another, within the realm. */
export const tokenExchangeGrant: GrantHandler = async (call) => {
  const { provider, form, client, issuer, jkt } = call;
  const { realm, sessions } = provider;
  const subject = await readToken(provider, checkParameters(client, form), issuer, ['Bearer', 'DPoP']);
  if ('problem' in subject) throw invalidRequest('Invalid token');
  assertSender(client, subject, jkt);
  if ((field(form, 'requested_token_type') ?? ACCESS) !== ACCESS)
    throw invalidRequest('requested_token_type unsupported');
  const own = subject.client.clientId === client.clientId;
  const audiences = form.getAll('audience');
  assertMayExchange(realm, client, subject, audiences);

  const { user, session } = subject;
  const scope = field(form, 'scope');
  const granted = grantScopes(realm, client, scope, user);
  const scopes = own && scope === undefined ? keepOpenid(granted, subject.claims) : granted;
  assertConsent(provider, client, subject, scope);
  // As in Keycloak, the client does not become part of the session: no logout token is sent to it.
  const isGuest =
    session !== undefined && (session.offline || sessions.partOf(session, client) === undefined);
  const { refresh_token: _, ...answer } = await issueTokens(call, {
    user,
    session,
    scopes,
    grantCode: 'te',
    isGuest,
    ...(audiences.length === 0 ? {} : { onlyAudience: audiences }),
  });
  return { ...answer, scope: scopes.text, refresh_expires_in: 0, issued_token_type: ACCESS };
};

/** The subject token, if the parameters are those of a standard exchange. */
function checkParameters(client: Client, form: URLSearchParams): string {
  for (const name of ['requested_subject', 'requested_issuer', 'subject_issuer']) {
    if (!form.has(name)) continue;
    throw invalidRequest(`Parameter '${name}' is not supported for standard token exchange`);
  }
  if (!hasFlag(client, 'standard.token.exchange.enabled'))
    throw invalidRequest('Standard token exchange is not enabled for the requested client');
  const required = (name: string) => {
    const value = field(form, name);
    if (value !== undefined) return value;
    throw invalidRequest(`Parameter '${name}' required for standard token exchange`);
  };
  const subject = required('subject_token');
  if (required('subject_token_type') !== ACCESS)
    throw invalidRequest("Parameter 'subject_token' supports access tokens only");
  return subject;
}

/** A token that is bound to a key is exchanged by its own client alone, which proves the key (RFC 9449 §7). */
function assertSender(client: Client, { claims }: GoodToken, jkt: string | undefined): void {
  if (claims.cnf === undefined) return;
  if (claims.azp !== client.clientId) {
    const text =
      'Sender-constrained token exchange rejected as the token was not issued for the requesting client';
    throw invalidRequest(text);
  }
  const bound = (claims.cnf as { jkt?: string }).jkt;
  if (jkt === undefined) throw invalidRequest('DPoP proof is missing');
  if (bound !== jkt) throw invalidRequest("DPoP confirmation doesn't match DPoP proof");
}

function assertMayExchange(
  realm: Realm,
  client: Client,
  subject: GoodToken,
  audiences: readonly string[],
): void {
  const targets = audiences.map((id) => realm.client(id));
  const refuse = (text: string) => new Fault(400, 'invalid_client', text);
  if (targets.includes(undefined)) throw refuse('Audience not found');
  if (client.isPublic) throw refuse('Public client is not allowed to exchange token');
  if (targets.some((target) => !target?.enabled)) throw refuse('Client disabled');
  const audience = [subject.claims.aud ?? []].flat() as string[];
  if (subject.client.clientId !== client.clientId && !audience.includes(client.clientId))
    throw new Fault(403, 'access_denied', 'Client is not within the token audience');
}

function assertConsent(
  { consents }: Provider,
  client: Client,
  { user }: GoodToken,
  scope: string | undefined,
): void {
  if (!consents.isMissing(user.id, { client, scope, prompts: [] })) return;
  throw new Fault(400, 'invalid_scope', `Missing consents for Token Exchange in client ${client.clientId}`);
}

/** A client that exchanges its own token keeps `openid`, and gets no ID token. */
const keepOpenid = (granted: GrantedScopes, { scope }: Claims): GrantedScopes => {
  const isOpenid = String(scope ?? '')
    .split(' ')
    .includes('openid');
  return isOpenid ? { ...granted, text: `openid ${granted.text}`.trim() } : granted;
};
