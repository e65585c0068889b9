import type { Discovery, Issuer } from '../core/index.ts';
import { type OptionRule, once, readCompactJws } from '../core/internal.ts';

/** A `DPoPHandle` of oauth4webapi. Named here, so that no declaration needs that package, which CommonJS cannot import. */
export interface ProofSigner {
  calculateThumbprint(): Promise<string>;
}

/** The key to which tokens of a client are bound (RFC 9449). */
export interface DpopKey {
  /** Signs proofs for this realm and for APIs. The key is made at the first use. */
  handle(discovery?: Discovery): Promise<ProofSigner>;
  /** Thumbprint of a key that was given: it is the same in every replica, and a login may be bound to it (RFC 9449 §10). */
  thumbprint(): Promise<string | undefined>;
}

export const DPOP_KEY: OptionRule & { readonly default: boolean } = {
  rule: 'must be true or false, or a key pair of WebCrypto that signs, with a public key that can be exported',
  example: 'true',
  accepts: (value) => typeof value === 'boolean' || isKeyPair(value),
  default: false,
};

function isKeyPair(value: unknown): value is CryptoKeyPair {
  const { privateKey, publicKey } = (value ?? {}) as Partial<CryptoKeyPair>;
  return (
    privateKey?.type === 'private' && privateKey.usages.includes('sign') && publicKey?.extractable === true
  );
}

/** `undefined` where tokens are not to be bound. */
export function createDpopKey(
  option: boolean | CryptoKeyPair,
  issuer: Pick<Issuer, 'baseUrl'>,
): DpopKey | undefined {
  if (option === false) return undefined;
  let publicIssuer: string | undefined;

  async function make(): Promise<ProofSigner> {
    const oauth = await import('oauth4webapi');
    const pair = option === true ? await oauth.generateKeyPair('ES256') : (option as CryptoKeyPair);
    return oauth.DPoP({}, pair, {
      // A proof names Keycloak as Keycloak names itself, even if this process uses another address.
      [oauth.modifyAssertion]: (_header, payload) => {
        const { baseUrl } = issuer;
        const htu = String(payload.htu);
        if (publicIssuer !== undefined && htu.startsWith(`${baseUrl}/`)) {
          payload.htu = `${publicIssuer}${htu.slice(baseUrl.length)}`;
        }
      },
    });
  }

  const handle = once(make);

  return {
    handle(discovery) {
      publicIssuer = discovery?.issuer ?? publicIssuer;
      return handle();
    },
    thumbprint: async () => (option === true ? undefined : (await handle()).calculateThumbprint()),
  };
}

/** Whether a token is bound to a key. What cannot be read is not Keycloak's, and may be: a proof does no harm. */
export function isBound(accessToken: string): boolean {
  try {
    const { cnf } = readCompactJws(accessToken).payload();
    return (cnf as { jkt?: unknown } | undefined)?.jkt !== undefined;
  } catch {
    return true;
  }
}
