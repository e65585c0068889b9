import type { ChallengedProof } from '../http/challenge.ts';
import { AuthError } from '../http/errors.ts';
import { headerOf, type RequestLike, toRequestUri, withoutEndSlashes } from '../http/request.ts';
import { ALGORITHMS } from '../jwt/signature.ts';
import { type Principal, personOf } from '../principal/principal.ts';
import { type Part, partOf, then } from '../runtime/concurrency.ts';
import type { DpopCheck } from './dpop-check.ts';
import type { DpopMode, ResolvedDpopOptions } from './dpop-options.ts';
import type { CertificateReader } from './read-certificate.ts';

/** The key or certificate to which a token is bound (`cnf`, RFC 7800 §3.1). */
export interface Confirmation {
  /** Thumbprint of a key (RFC 7638, RFC 9449 §6.1). */
  readonly jkt: string | undefined;
  /** `x5t#S256`: thumbprint of a certificate (RFC 8705 §3.1). */
  readonly certificate: string | undefined;
}

/** The sender's proof of the key or certificate of a token. */
export interface Possession {
  /** Thumbprint of the key that signed the DPoP proof; the caller has checked the proof, or is about to. */
  readonly jkt?: string | undefined;
  /** Thumbprint of the client's certificate. Asked only where the token is bound to one. */
  certificate?(): string | undefined;
  /** Nobody sent the token: this process keeps it for somebody who shows something else, such as a session cookie. */
  readonly isKept?: boolean;
}

/** For a token that a session keeps. */
export const KEPT: Possession = Object.freeze({ isKept: true });

/**
 * Reads the binding of a token; `undefined` for a plain bearer token. Keycloak up to 26.4 writes `typ: Bearer` into
 * tokens that are bound to a key, later ones `typ: DPoP`.
 *
 * @throws {AuthError} `token_bound` where it is bound to something unknown here, or does not say to what
 */
export function readConfirmation({ cnf, typ }: { cnf?: unknown; typ?: unknown }): Confirmation | undefined {
  if (cnf === undefined && typ !== 'DPoP') return undefined;
  const { jkt, 'x5t#S256': certificate } = (cnf ?? {}) as { jkt?: unknown; 'x5t#S256'?: unknown };
  const isBound = jkt !== undefined || (certificate !== undefined && typ !== 'DPoP');
  if (isBound && isThumbprint(jkt) && isThumbprint(certificate)) return Object.freeze({ jkt, certificate });
  throw new AuthError('token_bound', 'The token is bound to something that is not known here', {
    expected: 'cnf with jkt (RFC 9449 §6.1) or x5t#S256 (RFC 8705 §3.1)',
  });
}

function isThumbprint(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value !== '');
}

/**
 * RFC 9449 §7.1, RFC 8705 §3: a bound token needs the proof of its key or certificate, and a proof needs a bound token.
 *
 * @throws {AuthError} `token_bound`, `token_not_bound` or `token_binding`
 */
export function assertPossession(bound: Confirmation | undefined, possession: Possession | undefined): void {
  if (possession?.isKept) return;
  if (bound?.jkt === undefined && possession?.jkt !== undefined) {
    throw new AuthError('token_not_bound', 'A token that is bound to no key came with the scheme DPoP');
  }
  if (bound === undefined) return;
  assertSame(bound.jkt, possession?.jkt, 'key of its client (RFC 9449 §7.1)', 'a DPoP proof');
  if (bound.certificate === undefined) return;
  assertSame(bound.certificate, possession?.certificate?.(), 'certificate (RFC 8705 §3)', 'the certificate');
}

function assertSame(
  bound: string | undefined,
  actual: string | undefined,
  what: string,
  proof: string,
): void {
  if (bound === actual) return;
  if (actual === undefined) {
    throw new AuthError('token_bound', `The token is bound to a ${what}`, {
      expected: proof,
      seen: 'nothing beside it',
    });
  }
  throw new AuthError('token_binding', `The token is bound to another ${what}`, {
    expected: `thumbprint ${bound}`,
    seen: `thumbprint ${actual}`,
  });
}

/** Checks that the sender of a token has the key or the certificate to which it is bound. */
export interface SenderCheck {
  /** For routes that say nothing else. */
  readonly mode: DpopMode;
  /**
   * The principal of a bearer token: at once where it is known.
   *
   * @throws {AuthError} (or rejects with one)
   */
  verifyBearer<C extends object>(
    verifier: BearerVerifier<C>,
    token: string,
    request: RequestLike,
    mode: DpopMode,
  ): Principal<C> | Promise<Principal<C>>;
  /**
   * The principal of a token that came with a proof.
   *
   * @throws {AuthError} (rejects with one)
   */
  verifyProved<C extends object>(
    verifier: BearerVerifier<C>,
    token: string,
    request: RequestLike,
    context: ProofContext,
  ): Promise<Principal<C>>;
  /** The part of challenges about proofs; `undefined` if none are accepted. */
  challenged(mode: DpopMode, isAbout: 'Bearer' | 'DPoP'): ChallengedProof | undefined;
}

export interface ProofContext {
  /** By which scheme, host and port clients call, where there is no `publicUrl`. Default: what the request says. */
  originOf(): string | undefined;
  /** Sends the nonce that the client should use from now on, in the header `DPoP-Nonce`. */
  sendNonce(nonce: string): void;
}

interface BearerVerifier<C extends object> {
  verify(token: string, possession?: Possession): Principal<C> | Promise<Principal<C>>;
}

interface SenderCheckParts {
  readonly dpop: ResolvedDpopOptions;
  /** Loaded for the first proof: most realms never see one. */
  proofs(): Promise<DpopCheck>;
  readonly publicUrl: string | undefined;
  /** `undefined` where certificates are not looked at. */
  readonly certificateOf: Part<CertificateReader> | undefined;
}

export function createSenderCheck({ dpop, proofs, publicUrl, certificateOf }: SenderCheckParts): SenderCheck {
  const base = publicUrl === undefined ? undefined : withoutEndSlashes(new URL(publicUrl).href);

  /** By the headers of a request: with two guards on its way, its proof is used once and not twice. */
  const finished = new WeakMap<object, { readonly text: string; readonly done: Promise<void> }>();

  function finishOnce(headers: object, text: string, finish: () => Promise<void>): Promise<void> {
    const before = finished.get(headers);
    if (before?.text === text) return before.done;
    const done = finish();
    finished.set(headers, { text, done });
    return done;
  }

  const toCertificate = (read: CertificateReader, request: RequestLike): Possession => ({
    certificate: () => read(request),
  });

  return {
    mode: dpop.mode,
    verifyBearer(verifier, token, request, mode) {
      if (mode === 'required') {
        throw new AuthError('dpop_required', 'A bearer token came where tokens have to be bound to a key');
      }
      return certificateOf === undefined
        ? verifier.verify(token)
        : then(partOf(certificateOf), (read) => verifier.verify(token, toCertificate(read, request)));
    },
    async verifyProved(verifier, token, request, context) {
      const { headers, method } = request;
      const text = headerOf(headers, 'dpop');
      const uri = toRequestUri(request, base, context.originOf());
      const check = await proofs();
      const proof = check.read({ proof: text, method, uri, token });
      // Verify the token first: only a valid one gets its proof verified.
      const principal = await verifier.verify(token, {
        jkt: proof.jkt,
        ...(certificateOf && toCertificate(await certificateOf.loading, request)),
      });
      await finishOnce(headers, text as string, () => check.finish(proof, personOf(principal)));
      if (proof.nextNonce !== undefined) context.sendNonce(proof.nextNonce);
      return principal;
    },
    challenged: (mode, isAbout) => (mode === 'off' ? undefined : { algorithms: ALGORITHMS, mode, isAbout }),
  };
}
