import type { ChallengedProof } from '../http/challenge.ts';
import { AuthError } from '../http/errors.ts';
import { headerOf, type RequestLike } from '../http/request.ts';
import { personOf } from '../principal/person.ts';
import type { Principal } from '../principal/principal.ts';
import type { CertificateReader } from './client-certificate.ts';
import type { Possession } from './confirmation.ts';
import type { DpopCheck } from './dpop-check.ts';
import type { DpopMode, ResolvedDpopOptions } from './dpop-options.ts';
import type { DpopProof } from './dpop-proof.ts';
import { toRequestUri } from './request-uri.ts';

/** Checks that whoever sends a token may: that they have the key or the certificate to which it is bound. */
export interface SenderCheck {
  /** For routes that say nothing else. */
  readonly mode: DpopMode;
  /** Whether a bearer token may be bound to the certificate of its sender. */
  readonly readsCertificates: boolean;
  /**
   * The principal of a bearer token: at once where it is known.
   *
   * @throws {AuthError} (or rejects with one)
   */
  verifyBearer<C extends object>(
    verifier: TokenTaker<C>,
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
    verifier: TokenTaker<C>,
    token: string,
    request: RequestLike,
    place?: ProofPlace,
  ): Promise<Principal<C>>;
  /** What challenges say about proofs; nothing where none are accepted. */
  challenged(mode: DpopMode, isAbout: 'Bearer' | 'DPoP'): ChallengedProof | undefined;
}

export interface ProofPlace {
  /** By which scheme, host and port clients call, where there is no `publicUrl`. Default: what the request says. */
  originOf?(): string | undefined;
  /** Told of the nonce that the client should use from now on; it belongs in the header `DPoP-Nonce`. */
  tellNonce?(nonce: string): void;
}

interface TokenTaker<C extends object> {
  verify(token: string, shown?: Possession): Principal<C> | Promise<Principal<C>>;
}

interface Parts {
  readonly dpop: ResolvedDpopOptions;
  readonly proofs: DpopCheck;
  readonly publicUrl: string | undefined;
  readonly certificateOf: CertificateReader | undefined;
}

export function createSenderCheck({ dpop, proofs, publicUrl, certificateOf }: Parts): SenderCheck {
  const base = publicUrl === undefined ? undefined : new URL(publicUrl).href.replace(/\/+$/, '');

  /** By the headers of a request: with two guards on its way, its proof is used once and not twice. */
  const finished = new WeakMap<object, { readonly text: string; readonly done: Promise<void> }>();

  function finishOnce(headers: object, text: string, proof: DpopProof, who: string): Promise<void> {
    const before = finished.get(headers);
    if (before?.text === text) return before.done;
    const done = proofs.finish(proof, who);
    finished.set(headers, { text, done });
    return done;
  }

  function toCertificate(request: RequestLike): Possession {
    return certificateOf === undefined ? {} : { certificate: () => certificateOf(request) };
  }

  return {
    mode: dpop.mode,
    readsCertificates: certificateOf !== undefined,
    verifyBearer(verifier, token, request, mode) {
      if (mode === 'required') {
        throw new AuthError('dpop_required', 'A bearer token came where tokens have to be bound to a key');
      }
      return certificateOf === undefined
        ? verifier.verify(token)
        : verifier.verify(token, toCertificate(request));
    },
    async verifyProved(verifier, token, request, place) {
      const text = headerOf(request.headers, 'dpop');
      const proof = proofs.read({
        proof: text,
        method: request.method,
        uri: toRequestUri(request, base, place?.originOf?.()),
        token,
      });
      // The token first: that costs little where it is known, and nobody without a good one of their own has a proof
      // verified.
      const principal = await verifier.verify(token, { jkt: proof.jkt, ...toCertificate(request) });
      await finishOnce(request.headers, text as string, proof, personOf(principal));
      if (proof.nextNonce !== undefined) place?.tellNonce?.(proof.nextNonce);
      return principal;
    },
    challenged: (mode, isAbout) =>
      mode === 'off' ? undefined : { algorithms: dpop.algorithms, mode, isAbout },
  };
}
