import { isUtf8 } from 'node:buffer';
import { AuthError } from '../http/errors.ts';

/**
 * Reads a string as a JSON object; `undefined` if it is not one. Without a prototype: what a library puts on `Object.prototype` is
 * no claim and no answer.
 */
export function toJsonObject(body: string): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // Not JSON, so not an object.
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.setPrototypeOf(value, null)
    : undefined;
}

/** A JWS in compact form (RFC 7515 §7.1), in its parts, not verified. */
export interface CompactJws {
  readonly header: JsonObject;
  /** The signed part: header and payload, unchanged. */
  readonly input: Buffer;
  readonly signature: Buffer;
  /** @throws {AuthError} `token_malformed` where the payload is not a JSON object in UTF-8 */
  payload(): JsonObject;
}

export type JsonObject = { readonly [member: string]: unknown };

/** Node takes 16 KiB of headers in all by default; this bound holds if that is raised. */
const MAX_TOKEN_LENGTH = 64 * 1024;
/** Keycloak's have about a hundred characters; with the key of a DPoP proof, RSA of 8,192 bits, there are two thousand. */
const MAX_HEADER_LENGTH = 4 * 1024;
const THREE_SEGMENTS = /^[\w-]*\.[\w-]*\.[\w-]*$/;
const FIVE_SEGMENTS = /^[\w-]+(?:\.[\w-]*){4}$/;

/** @throws {AuthError} `token_malformed`, or `token_encrypted` for a JWE */
export function readCompactJws(token: string): CompactJws {
  const segments = splitCompactJws(token);
  return { ...segments, header: readSegment(segments.header, 'header') };
}

/**
 * The same with the header as it stands, for a caller that has read that very header before.
 *
 * @throws {AuthError} `token_malformed`, or `token_encrypted` for a JWE
 */
export function splitCompactJws(token: string): Omit<CompactJws, 'header'> & { readonly header: string } {
  if (token.length > MAX_TOKEN_LENGTH) {
    throw new AuthError('token_malformed', `The token is longer than ${MAX_TOKEN_LENGTH} characters`);
  }
  if (!THREE_SEGMENTS.test(token)) {
    if (FIVE_SEGMENTS.test(token)) {
      throw new AuthError('token_encrypted', 'The token is encrypted (JWE)', { expected: 'a signed JWT' });
    }
    throw notCompact();
  }
  const headerEnd = token.indexOf('.');
  if (headerEnd > MAX_HEADER_LENGTH) {
    throw new AuthError(
      'token_malformed',
      `The header of the token is longer than ${MAX_HEADER_LENGTH} characters`,
    );
  }
  const inputEnd = token.lastIndexOf('.');
  if (!isCanonical(token, 0, headerEnd)) throw notCompact();
  if (!isCanonical(token, headerEnd + 1, inputEnd)) throw notCompact();
  if (!isCanonical(token, inputEnd + 1, token.length)) throw notCompact();
  return {
    header: token.slice(0, headerEnd),
    input: Buffer.from(token.slice(0, inputEnd), 'latin1'),
    signature: Buffer.from(token.slice(inputEnd + 1), 'base64url'),
    payload: () => readSegment(token.slice(headerEnd + 1, inputEnd), 'payload'),
  };
}

const notCompact = () => new AuthError('token_malformed', 'The token is not a signed JWT in compact form');

/** Last letters that leave no bits over, where two and where three letters end a segment. */
const AFTER_TWO = 'AQgw';
const AFTER_THREE = 'AEIMQUYcgkosw048';

/**
 * Base64url in its one canonical form (RFC 4648 §3.5): otherwise one signature has several spellings, and a token
 * could be changed and still be good.
 */
function isCanonical(token: string, start: number, end: number): boolean {
  const over = (end - start) % 4;
  if (over === 0) return true;
  const last = token.charAt(end - 1);
  return over === 2 ? AFTER_TWO.includes(last) : over === 3 && AFTER_THREE.includes(last);
}

/** @throws {AuthError} `token_malformed` if it is not a JSON object in UTF-8 */
export function readSegment(segment: string, what: 'header' | 'payload'): JsonObject {
  const bytes = Buffer.from(segment, 'base64url');
  // A decoder that replaces invalid bytes would make two strings equal.
  const object = isUtf8(bytes) ? toJsonObject(bytes.toString()) : undefined;
  if (object !== undefined) return object;
  throw new AuthError('token_malformed', `The ${what} of the token is not a JSON object`);
}
