/** Algorithms that the provider signs tokens with. */
export type SigningAlgorithm = 'RS256' | 'ES256';

/** The keys of a provider as plain data, private ones too. Pass them to `startDevIdp`. */
export interface StoredKeys {
  /** Private signing keys, the current one of each algorithm first. */
  readonly signing: readonly Readonly<Record<string, unknown>>[];
  /** Public encryption key. */
  readonly encryption: Readonly<Record<string, unknown>>;
  /** Key id of the secret. */
  readonly secretId: string;
  /** HMAC secret for refresh tokens. */
  readonly secret: string;
}
