import { AuthError, type AuthErrorOptions } from '../http/errors.ts';
import { type CompactJws, type JsonObject, readCompactJws } from './compact-jws.ts';
import type { KeyFinder, SigningKey } from './key-finder.ts';
import {
  assertRegisteredClaims,
  type ClaimRules,
  describeClaim,
  type RegisteredClaims,
} from './registered-claims.ts';
import { verifySignature } from './signature.ts';

/** What {@link verifySignedJwt} works with. */
export interface SignedJwtContext {
  readonly keys: KeyFinder;
  readonly options: {
    readonly algorithms: ReadonlySet<string>;
    readonly clockToleranceSeconds: number;
    readonly clock: () => number;
  };
}

/** What a JWT must be. */
export interface SignedJwtRules extends Omit<ClaimRules, 'issuer'> {
  /** Kinds the header's `typ` may name; a header without `typ` passes (RFC 7519 §5.1). */
  readonly headerTypes: RegExp;
  /** Gives the exact `iss`; called after the key was found. Default: not checked. */
  readonly issuer?: () => string;
}

/** A JWT that the realm signed. */
export interface SignedJwt {
  readonly claims: RegisteredClaims;
  readonly headerType: string | undefined;
  /** The key that signed it. */
  readonly key: SigningKey;
}

/**
 * Verifies a JWT that the realm signed: form, algorithm, key, signature (RFC 7515 §5.2), and of the claims `iss`,
 * `aud`, `exp`, `nbf`, `iat` (RFC 7519 §4.1) as the rules ask.
 *
 * Nothing in the header can choose a key or a URL: `jku`, `jwk`, `x5u` and `x5c` are never read, and `crit` is
 * refused (RFC 8725 §3.10).
 *
 * @throws {AuthError} a `token_…` code, or `provider_…` when no keys were ever loaded
 */
export async function verifySignedJwt(
  token: string,
  context: SignedJwtContext,
  rules: SignedJwtRules,
): Promise<SignedJwt> {
  const { options, keys } = context;
  const jws = readCompactJws(token);
  const { kid, alg, typ } = judgeHeader(jws.header, options.algorithms, rules.headerTypes);
  const known = keys.isOverdue ? undefined : keys.get(kid);
  const key = known ?? (await keys.find(kid, toMayBeNew(jws, context, rules)));
  if (key === undefined) {
    throw new AuthError(
      'token_key_unknown',
      "The token is signed with a key that is not in the realm's JWKS",
      originOf(jws, rules),
    );
  }
  if (key.alg !== alg) {
    throw new AuthError('token_algorithm', 'The algorithm of the token is not the one of its key', {
      expected: `alg ${key.alg}`,
      seen: `alg ${alg}`,
    });
  }
  if (!(await verifySignature(jws.input, jws.signature, key.key))) {
    throw new AuthError('token_signature', 'The signature does not match');
  }
  return { claims: readClaims(jws, context, rules), headerType: typ, key };
}

/** For the log: which realm a token says it is of, where that is not this one. */
function originOf(jws: CompactJws, { issuer }: SignedJwtRules): AuthErrorOptions {
  try {
    const [expected, { iss }] = [issuer?.(), jws.payload()];
    if (expected !== iss) {
      return { expected: `iss ${expected}`, seen: `iss ${describeClaim(iss)}` };
    }
  } catch {
    // It says nothing that can be read.
  }
  return {};
}

function readClaims(
  jws: CompactJws,
  { options }: SignedJwtContext,
  { issuer, ...rules }: SignedJwtRules,
): RegisteredClaims {
  const claims: JsonObject = jws.payload();
  const now = Math.floor(options.clock() / 1000);
  assertRegisteredClaims(claims, { ...rules, issuer: issuer?.() }, now, options.clockToleranceSeconds);
  return claims;
}

/**
 * Whether a token whose key is unknown may have been signed after a time, by its own claims, which are not verified.
 * A token that is older, or is refused in any case, does not wait.
 */
function toMayBeNew(jws: CompactJws, context: SignedJwtContext, rules: SignedJwtRules) {
  return (since: number): boolean => {
    try {
      const { iat } = readClaims(jws, context, rules);
      // `iat` is the whole second before.
      return iat === undefined || (iat + 1 + context.options.clockToleranceSeconds) * 1000 > since;
    } catch {
      // It is refused in any case.
    }
    return false;
  };
}

function judgeHeader(
  header: JsonObject,
  algorithms: ReadonlySet<string>,
  headerTypes: RegExp,
): { kid: string; alg: string; typ: string | undefined } {
  const { kid, alg, typ } = header;
  if (header.crit !== undefined || header.b64 !== undefined) {
    throw new AuthError('token_malformed', 'The token asks for an extension of JWS', {
      expected: 'no crit, no b64',
    });
  }
  if (typeof alg !== 'string' || !algorithms.has(alg)) {
    throw new AuthError('token_algorithm', 'The algorithm of the token is not accepted', {
      expected: [...algorithms].join(', '),
    });
  }
  if (typ !== undefined && !(typeof typ === 'string' && headerTypes.test(typ))) {
    throw new AuthError('token_type', 'The header says that this is another kind of token', {
      expected: `header typ ${headerTypes.source}`,
    });
  }
  if (typeof kid !== 'string') {
    throw new AuthError('token_key_unknown', 'The token does not name its key', { expected: 'header kid' });
  }
  return { kid, alg, typ };
}
