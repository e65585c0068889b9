import { AuthError } from './errors.ts';

/** No application has longer paths. */
const MAX_LENGTH = 8 * 1024;

/**
 * Characters allowed in a path (RFC 3986 §3.3), and those that browsers send besides. Not `;`: routers with matrix
 * parameters end the segment there, others do not.
 */
const PATH = /^\/(?:[\w\-.~!$&'()*+,=:@/[\]|]|%[\da-fA-F]{2})*$/;

/**
 * Every way in which a router can correctly read a request's path: decoded or not, with or without a slash at its end. Which
 * one the router uses is unknown here, so all of them must be permitted.
 *
 * Refuses what some routers would read as another path altogether: dot segments, empty segments, backslashes, matrix
 * parameters, encoded slashes and dots, characters encoded twice or without need, bytes that are not UTF-8, a host or a
 * fragment.
 *
 * @param target the request target as it was sent (RFC 9112 §3.2)
 * @throws {AuthError} `path_ambiguous`
 */
export function readingsOf(target: string): readonly string[] {
  if (typeof target !== 'string' || target === '') throw ambiguous('no path', String(target));
  const path = target.split('?', 1)[0] as string;
  if (path.length > MAX_LENGTH) throw ambiguous(`more than ${MAX_LENGTH} characters`, path);
  if (!PATH.test(path)) throw ambiguous('a character that does not belong in a path', path);
  if (path.includes('//')) throw ambiguous('an empty segment', path);
  for (const segment of path.split('/')) {
    if (/^\.+$/.test(segment)) throw ambiguous('a segment of dots', path);
  }
  const decoded = path.includes('%') ? decode(path) : path;
  const readings = decoded === path ? [path] : [path, decoded];
  if (path === '/' || !path.endsWith('/')) return readings;
  return [...readings, ...readings.map((one) => one.slice(0, -1))];
}

function decode(path: string): string {
  let decoded: string;
  try {
    // Refuses overlong forms and incomplete characters (RFC 3629 §3).
    decoded = decodeURIComponent(path);
  } catch {
    throw ambiguous('bytes that are not UTF-8', path);
  }
  for (const [, hex = ''] of path.matchAll(/%(..)/g)) {
    // RFC 3986 §2.2 and §2.3: decoding these makes another path, or the same one in an unusual spelling.
    if (/[\w\-.~/\\;?#%]/.test(String.fromCharCode(Number.parseInt(hex, 16)))) {
      throw ambiguous('a character that must not be encoded', path);
    }
  }
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(decoded)) throw ambiguous('an invisible character', path);
  if (decoded.split('/').some((one) => one.trim() !== one))
    throw ambiguous('a space at the edge of a segment', path);
  if (countMarks(decoded.normalize('NFKC')) !== countMarks(decoded)) {
    throw ambiguous('a character that looks like a slash or a dot', path);
  }
  return decoded;
}

/** Counts the characters that full-width and other forms become when a string is normalised (Unicode, UAX #15). */
function countMarks(text: string): number {
  return text.split(/[./\\;?#%]/).length;
}

function ambiguous(what: string, seen: string): AuthError {
  return new AuthError('path_ambiguous', `The path has ${what}: it could be read in two ways`, {
    expected: 'a path in its normal form (RFC 3986 §6.2.2)',
    seen,
  });
}
