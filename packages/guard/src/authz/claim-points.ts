import type { PushedClaims } from './claims.ts';
import type { PathRequest } from './path-request.ts';
import { cookieOf, headerOf, parametersOf } from './path-request.ts';

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
