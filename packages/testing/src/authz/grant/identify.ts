import { Fault, invalidRequest } from '../../fault.ts';
import type { Provider } from '../../provider.ts';
import { accessTokenClaims } from '../../tokens/issue.ts';
import { type GoodToken, readToken } from '../../tokens/read-access-token.ts';
import { toGranted } from '../../tokens/scopes.ts';
import type { Subject } from '../evaluation/subject.ts';
import { type Asker, claimFormatOf, ID_TOKEN_FORMAT } from './asker.ts';
import { type PushedClaims, readClaimToken } from './pushed-claims.ts';
import { subjectOf } from './subject-of.ts';

const JWT_FORMAT = 'urn:ietf:params:oauth:token-type:jwt';

/** The subject, and the claims that were pushed. */
export interface Identified {
  readonly token: GoodToken;
  readonly subject: Subject;
  readonly claims: PushedClaims;
}

/**
 * Reads a claim token by its format: claims for the policies, or the subject's ID token.
 *
 * @throws {Fault} 400 `invalid_request`, `unauthorized_client` or `invalid_claim_token`
 */
export async function identify(
  provider: Provider,
  form: URLSearchParams,
  asker: Asker,
  issuer: string,
): Promise<Identified> {
  const format = claimFormatOf(form) ?? JWT_FORMAT;
  if (format === ID_TOKEN_FORMAT) return identifyByIdToken(provider, asker, issuer);
  if (format !== JWT_FORMAT) throw invalidRequest(`Claim token format [${format}] not supported`);
  const claims = readClaimToken(form.get('claim_token'));
  const token = await readToken(provider, asker.subjectToken, issuer, ['Bearer']);
  if ('problem' in token) throw invalidIdentity();
  return { token, subject: subjectOf(provider, token), claims };
}

async function identifyByIdToken(
  provider: Provider,
  { client, subjectToken }: Asker,
  issuer: string,
): Promise<Identified> {
  const claims = await provider.keys.verify(subjectToken);
  if (claims === undefined) throw new Fault(400, 'unauthorized_client', 'Invalid signature');
  if (claims.azp !== client.clientId) {
    throw new Fault(400, 'invalid_claim_token', 'Token issued to a different client');
  }
  if (typeof claims.exp === 'number' && claims.exp <= provider.clock.seconds()) {
    throw new Fault(400, 'invalid_claim_token', 'Expired token');
  }
  const read = await readToken(provider, subjectToken, issuer, ['ID', 'Bearer']);
  if ('problem' in read || read.session === undefined) throw invalidIdentity();
  const { user, session } = read;
  const scopes = toGranted(provider.realm, client.defaultScopes);
  // An ID token has no roles: use those of an access token.
  const grant = { issuer, client, user, session, scopes, grantCode: 'na' };
  const { realm_access, resource_access } = accessTokenClaims(provider, grant);
  const token = { ...read, claims: { ...read.claims, realm_access, resource_access } };
  return { token, subject: subjectOf(provider, token), claims: {} };
}

const invalidIdentity = () => new Fault(400, 'unauthorized_client', 'Invalid identity');
