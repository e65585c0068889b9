import { compactVerify } from 'jose';
import type { Client } from '../realm/client.ts';
import type { Realm } from '../realm/realm.ts';
import type { IdentityProviderRepresentation } from '../realm/representation.ts';
import { ASYMMETRIC, type KeySource } from './client-keys.ts';
import { type Assertion, type AssertionCheck, checkClaims, isJwtBearer, refuse } from './signed-jwt.ts';

type Claims = NonNullable<Assertion['claims']>;

interface Federated {
  readonly client: Client;
  readonly provider: IdentityProviderRepresentation;
}

/** The identity provider that issued an assertion, and the client that it stands for there. */
export function findFederated(realm: Realm, { iss, sub }: Claims): Federated | undefined {
  const provider = (realm.settings.identityProviders ?? []).find(
    (one) => one.enabled !== false && mayAssert(one) && one.config?.issuer === iss,
  );
  const client = [...realm.clients()].find(
    ({ attributes }) =>
      attributes['jwt.credential.issuer'] === provider?.alias && attributes['jwt.credential.sub'] === sub,
  );
  return provider === undefined || client === undefined ? undefined : { provider, client };
}

/**
 * A JWT of an identity provider, for example the token of a Kubernetes service account, in place of a secret.
 *
 * @returns false if it is not this client's, or is not signed by the identity provider
 * @throws {Fault} 400 `invalid_client`, if it is and is refused
 */
export async function checkFederated(check: AssertionCheck, assertion: Assertion): Promise<boolean> {
  const { claims, header, jwt } = assertion;
  const { realm, clientKeys } = check.provider;
  if (claims === undefined || header === undefined || jwt === undefined || !isJwtBearer(assertion))
    return false;
  const federated = findFederated(realm, claims);
  if (federated === undefined) return false;
  const { client, provider } = federated;
  if (client !== check.client) throw refuse('client_id parameter does not match authenticated client');
  const key = await clientKeys.find(`${realm.name} ${provider.alias}`, keysOf(provider), header);
  if (key === undefined) return false;
  try {
    await compactVerify(jwt, key, { algorithms: ASYMMETRIC });
  } catch {
    return false;
  }
  checkClaims(check.provider, claims, {
    audiences: [check.issuer],
    skew: Number(provider.config?.allowedClockSkew ?? 0),
    kind: provider.alias,
    ...(isKubernetes(provider)
      ? { maxAge: 3600, reusable: true }
      : { maxAge: 300, reusable: provider.config?.supportsClientAssertionReuse === 'true' }),
  });
  return true;
}

const isKubernetes = ({ providerId }: IdentityProviderRepresentation): boolean => providerId === 'kubernetes';

/** Whether an identity provider's tokens may stand for clients. Nobody signs in with one here. */
export const mayAssert = (provider: IdentityProviderRepresentation): boolean =>
  isKubernetes(provider) ||
  (provider.providerId === 'oidc' && provider.config?.supportsClientAssertions === 'true');

function keysOf(provider: IdentityProviderRepresentation): KeySource {
  const { issuer = '', jwksUrl = '' } = provider.config ?? {};
  return isKubernetes(provider)
    ? { discovery: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` }
    : { url: jwksUrl };
}
