import type { JsonWebKey, KeyObject } from 'node:crypto';
import type { AuthErrorCode } from '../../packages/guard/src/core/index.ts';
import type { Part, TestKey } from '../support/signing-keys.ts';

/** One request that must be refused. */
export interface Attempt {
  readonly name: string;
  /** Sent as `Authorization: Bearer <token>`. */
  readonly token?: string;
  /** Instead of a token: whole header lines, without the line end. */
  readonly lines?: readonly string[];
  /** Every code the refusal may have. */
  readonly codes: readonly AuthErrorCode[];
  /** Where the HTTP server refuses the request before anybody else sees it. */
  readonly httpStatus?: number;
  /** Only where the clock stands still: a second later the token would be good. */
  readonly isByTheSecond?: boolean;
}

/** What is attacked, and what an attacker has: tokens, the public keys, and perhaps more. */
export interface Target {
  readonly issuer: string;
  readonly clientId: string;
  /** A token that is accepted. */
  readonly token: string;
  /** Another one. */
  readonly otherToken: string;
  /** Public keys as the JWKS shows them. */
  readonly jwks: readonly (JsonWebKey & { kid: string; alg: string; use: string })[];
  /** The realm's own pen, where the test holds it: to make what Keycloak signs for other purposes, or never signs. */
  readonly pen?: Pen;
  /** A URL of the attacker's, whose visits are counted. */
  readonly trapUrl: string;
}

export interface Pen {
  readonly rsa: TestKey;
  readonly ec: TestKey;
  readonly ed: TestKey;
  readonly encryption: TestKey;
  readonly now: number;
  claims(changes?: Record<string, unknown>): Record<string, unknown>;
  mint(
    changes?: Record<string, unknown>,
    how?: { key?: TestKey; header?: Record<string, unknown>; payload?: Part },
  ): string;
}

/** A file of `cases/` exports one of these as its default. */
export interface Attack {
  readonly title: string;
  /** Attempts that anybody can make who has a token and the public keys. */
  readonly attempts?: (target: Target) => readonly Attempt[];
  /** Attempts that only the realm's own key can make. */
  readonly signed?: (pen: Pen, target: Target) => readonly Attempt[];
}

/** An attacker's own key, made once. */
export interface OwnKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
