import type { RealmRepresentation } from '../realm/representation.ts';
import type { SigningAlgorithm } from './keys.ts';

interface Component {
  readonly providerId?: string;
  readonly config?: Readonly<Record<string, readonly string[]>>;
}

/** Algorithms of the signing keys that a realm file asks for. RS256 is always among them, as in a new realm of Keycloak. */
export function signingAlgorithmsOf({ components }: RealmRepresentation): SigningAlgorithm[] {
  const providers =
    (components as Record<string, Component[]> | undefined)?.['org.keycloak.keys.KeyProvider'] ?? [];
  const hasEc = providers.some(({ providerId, config }) => {
    const curve = config?.ecdsaEllipticCurveKey?.[0] ?? 'P-256';
    return providerId === 'ecdsa-generated' && curve === 'P-256' && config?.enabled?.[0] !== 'false';
  });
  return hasEc ? ['RS256', 'ES256'] : ['RS256'];
}
