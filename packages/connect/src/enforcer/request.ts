import { AuthError } from 'keycloak-guard';
import type { PushedClaims } from 'keycloak-guard/unstable/connect';

/** The parts of a request that a path enforcer reads. */
export interface PathRequest {
  /** The method as it was sent, for example `GET`. */
  readonly method: string;
  /** The request target, undecoded, with its query: Node's `request.url`. */
  readonly url: string;
  /** The target that the router reads, if it may have been rewritten: both must be permitted. Default: `url`. */
  readonly routedUrl?: string | undefined;
  /** Node's headers, or the Fetch standard's `Headers`. */
  readonly headers: HeadersOfNode | { get(name: string): string | null };
  /** The caller's address, for claims. */
  readonly remoteAddress?: string | undefined;
  /** Whether the request came over https, for claims. */
  readonly isSecure?: boolean | undefined;
  /** The parsed body, for claims. */
  readonly body?: unknown;
}

type HeadersOfNode = { readonly [name: string]: string | readonly string[] | undefined };

/** @param name in any case */
function headerOf({ headers }: PathRequest, name: string): string | undefined {
  if (typeof headers.get === 'function')
    return (headers as { get(name: string): string | null }).get(name) ?? undefined;
  const value = (headers as HeadersOfNode)[name.toLowerCase()];
  return typeof value === 'object' ? value.join(', ') : value;
}

function parametersOf({ url }: PathRequest): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
}

/** Some frameworks handle a request as another method by these headers, or by a parameter of the query or a form. */
const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'];
const PARAMETER = '_method';

/** @throws {AuthError} `path_ambiguous` */
export function assertOneMethod(request: PathRequest): void {
  const { method } = request;
  const assertSame = (other: unknown, by: string): void => {
    if (other === undefined || String(other).toUpperCase() === method) return;
    throw new AuthError('path_ambiguous', `${by} names another method than the request`, {
      expected: method,
      seen: String(other),
    });
  };
  // Deno hands it over as it was sent, and a copy of a request has it in capitals (Fetch, "normalize a method").
  assertSame(method, 'The request line');
  for (const name of OVERRIDES) assertSame(headerOf(request, name), `The header ${name}`);
  if (request.url.includes('?'))
    for (const other of parametersOf(request).getAll(PARAMETER)) assertSame(other, 'The query');
  assertSame(Object(request.body)[PARAMETER], 'The body');
}

/** Reads a cookie (RFC 6265 §4.2.1). */
function cookieOf(request: PathRequest, name: string): string | undefined {
  for (const pair of (headerOf(request, 'cookie') ?? '').split(';')) {
    const [key = '', ...value] = pair.split('=');
    if (key.trim() === name) return value.join('=').trim();
  }
  return undefined;
}

/**
 * Claims by name. In their texts, `{request.…}` stands for a part of the request: `parameter['x']`, `header['x']`,
 * `cookie['x']`, `body['/json/pointer']`, `method`, `uri`, `relativePath`, `remoteAddr`, `isSecure`.
 *
 * @see Keycloak, Authorization Services Guide: "Claim Information Point"
 */
export type ClaimPoints = { readonly [claim: string]: string | readonly string[] };

const PLACEHOLDER = /\{request\.(\w+)(?:\['([^']*)'\])?\}/g;
const WITH_NAME = new Set(['parameter', 'header', 'cookie', 'body']);
const ALONE = new Set(['method', 'uri', 'relativePath', 'remoteAddr', 'isSecure', 'body']);

/** Why claim points are wrong; `undefined` if they are not. */
export function whyNoClaimPoints(points: unknown): string | undefined {
  if (typeof points !== 'object' || points === null || Array.isArray(points))
    return 'must be an object of strings';
  for (const [claim, value] of Object.entries(points)) {
    const texts: unknown[] = Array.isArray(value) ? value : [value];
    for (const text of texts) {
      if (typeof text !== 'string') return `${claim} must be a string or a list of strings`;
      const rest = text.replace(PLACEHOLDER, (whole, part: string, name?: string) =>
        (name === undefined ? ALONE : WITH_NAME).has(part) ? '' : whole,
      );
      if (rest.includes('{')) return `${claim} has a placeholder that is not known`;
    }
  }
  return undefined;
}

/** Fills in the claims. A claim is left out if the request lacks a part of it. */
export function readClaimPoints(points: ClaimPoints, request: PathRequest): PushedClaims {
  const claims: Record<string, string[]> = {};
  for (const [claim, value] of Object.entries(points)) {
    const texts = [value].flat().flatMap((text) => fill(text, request));
    if (texts.length > 0) claims[claim] = texts;
  }
  return claims;
}

/** A string that is only a placeholder may become several strings. */
function fill(text: string, request: PathRequest): string[] {
  const [whole] = [...text.matchAll(PLACEHOLDER)];
  if (whole !== undefined && whole[0] === text) return partsOf(whole[1] as string, whole[2], request);
  let isWhole = true;
  const filled = text.replace(PLACEHOLDER, (_, part: string, name?: string) => {
    const [first] = partsOf(part, name, request);
    isWhole &&= first !== undefined;
    return first ?? '';
  });
  return isWhole ? [filled] : [];
}

function partsOf(part: string, name: string | undefined, request: PathRequest): string[] {
  switch (part) {
    case 'parameter':
      return parametersOf(request).getAll(name as string);
    case 'header':
      return toList(headerOf(request, name as string));
    case 'cookie':
      return toList(cookieOf(request, name as string));
    case 'body':
      return toTexts(name === undefined ? request.body : pointTo(request.body, name));
    case 'method':
      return [request.method];
    case 'uri':
      return [request.url];
    case 'relativePath':
      return [request.url.split('?', 1)[0] as string];
    case 'isSecure':
      return request.isSecure === undefined ? [] : [String(request.isSecure)];
    default:
      return toList(request.remoteAddress);
  }
}

/** Follows a JSON pointer (RFC 6901) through own members only. */
function pointTo(value: unknown, pointer: string): unknown {
  let at = value;
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

function toTexts(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(toTexts);
  if (typeof value === 'string') return [value];
  return typeof value === 'number' || typeof value === 'boolean' ? [String(value)] : [];
}

const toList = (value: string | undefined): string[] => (value === undefined ? [] : [value]);
