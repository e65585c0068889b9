import { createHash, X509Certificate } from 'node:crypto';
import type { JWK } from 'jose';
import type { Clock } from '../clock.ts';

/** Algorithms of JWTs and DPoP proofs that clients may sign, in the order in which Keycloak's challenges list them. */
export const ASYMMETRIC = [
  'PS384',
  'RS384',
  'EdDSA',
  'ES384',
  'ES256',
  'RS256',
  'ES512',
  'PS256',
  'PS512',
  'RS512',
];

/** Algorithms of JWTs that are signed with the client's secret. */
export const SYMMETRIC = ['HS256', 'HS384', 'HS512'];

/** Where the keys are: in the realm file, or at a URL. */
export type KeySource =
  | { readonly text: string }
  /** The DER of a certificate in base64, as in Keycloak's attribute `jwt.credential.certificate`. */
  | { readonly certificate: string }
  | { readonly url: string }
  /** The URL of a document that names the URL, in its member `jwks_uri`. */
  | { readonly discovery: string };

type Header = Readonly<{ kid?: unknown; alg?: unknown }>;

const REFETCH_AFTER_SECONDS = 10;
const TIMEOUT_MS = 5_000;

interface Fetched {
  readonly address: string;
  readonly keys: readonly JWK[];
  readonly at: number;
}

export function createClientKeys(clock: Clock) {
  const known = new Map<string, Fetched>();

  return {
    /**
     * The key that a JWT is signed with: by `kid`, or by `alg` without one. As in Keycloak, keys at a URL are fetched once, again
     * for a `kid` that is not among them, but not within 10 seconds, and kept if that fails.
     *
     * @param owner whose keys these are
     */
    async find(owner: string, source: KeySource, header: Header): Promise<JWK | undefined> {
      if ('text' in source) return pick(readKeys(source.text), header);
      if ('certificate' in source) return pick(keysOfCertificate(source.certificate), header);
      const address = JSON.stringify(source);
      const before = known.get(owner);
      const cached = before?.address === address ? before : undefined;
      const key = pick(cached?.keys ?? [], header);
      const now = clock.seconds();
      if (key !== undefined || (cached !== undefined && now - cached.at <= REFETCH_AFTER_SECONDS)) return key;
      const keys = (await fetchKeys(source)) ?? cached?.keys ?? [];
      known.set(owner, { address, keys, at: now });
      return pick(keys, header);
    },
  };
}

/** Keycloak wants `kid` and `use` of each key. */
function pick(keys: readonly JWK[], { kid, alg }: Header) {
  const usable = keys.filter((key) => key.kid !== undefined && key.use === 'sig');
  const match = usable.find((key) => (kid === undefined ? algorithmOf(key) === alg : key.kid === kid));
  return match === undefined ? undefined : { ...match, alg: algorithmOf(match) };
}

const CURVES: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' };

const algorithmOf = ({ alg, kty, crv = '' }: JWK): string =>
  alg ?? (kty === 'RSA' ? 'RS256' : (CURVES[crv] ?? 'EdDSA'));

async function fetchKeys(
  source: Extract<KeySource, { url: string } | { discovery: string }>,
): Promise<readonly JWK[] | undefined> {
  try {
    if ('url' in source) return readKeys(await load(source.url));
    const { jwks_uri: url } = JSON.parse(await load(source.discovery)) as { jwks_uri: string };
    return readKeys(await load(url));
  } catch {
    return undefined;
  }
}

async function load(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.text();
}

/** Its `kid` is the hash of the public key, as Keycloak's own clients compute it. */
function keysOfCertificate(certificate: string): readonly JWK[] {
  try {
    const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'));
    const der = publicKey.export({ type: 'spki', format: 'der' });
    const kid = createHash('sha256').update(der).digest('base64url');
    return [{ ...(publicKey.export({ format: 'jwk' }) as JWK), kid, use: 'sig' }];
  } catch {
    return [];
  }
}

function readKeys(text: string): readonly JWK[] {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown };
    return Array.isArray(keys) ? keys.filter((key) => typeof key === 'object' && key !== null) : [];
  } catch {
    return [];
  }
}
