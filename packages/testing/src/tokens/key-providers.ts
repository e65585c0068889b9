import type { RealmRepresentation } from '../realm/representation.ts';
import type { SigningAlgorithm } from './stored-keys.ts';

interface Component {
  readonly providerId?: string;
  readonly config?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Algorithms of the signing keys that a realm file asks for. RS256 is among them, as in a new realm of Keycloak, if the realm does
 * not sign with ES256: an EC key is made in a hundredth of the time.
 */
export function signingAlgorithmsOf(realm: RealmRepresentation): SigningAlgorithm[] {
  if (realm.defaultSignatureAlgorithm === 'ES256') return ['ES256'];
  const components = realm.components as Record<string, Component[]> | undefined;
  const providers = components?.['org.keycloak.keys.KeyProvider'] ?? [];
  const hasEc = providers.some(({ providerId, config }) => {
    const curve = config?.ecdsaEllipticCurveKey?.[0] ?? 'P-256';
    return providerId === 'ecdsa-generated' && curve === 'P-256' && config?.enabled?.[0] !== 'false';
  });
  return hasEc ? ['RS256', 'ES256'] : ['RS256'];
}
