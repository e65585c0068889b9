import { aroundTenant } from '../engine/internal.ts';

/**
 * Tests whether a request is for the MCP server, or for a path below its own. The test is generous: frameworks route many
 * spellings of a path alike, `/MCP/` or `/%6dcp`, and a spelling that is missed here would be open.
 * `:tenant` stands for whatever a router takes for one segment.
 *
 * @param path the server's configured path
 * @returns a function of a request's path, or of its whole URL
 */
export function createPlace(path: string): (url: string | undefined) => boolean {
  const wanted = toPlainest(path);
  const around = aroundTenant(wanted);
  if (around === undefined) {
    return (url = '/') => readings(url).some((one) => isBelow(toPlainest(one), wanted));
  }
  const [before, behind] = around;
  const last = behind.slice(behind.lastIndexOf('/') + 1);
  const isShifted = (url: string): boolean => SHIFTED.test(url) && decode(url).toLowerCase().includes(last);
  const isAt = (given: string): boolean =>
    given.startsWith(before) && isBelow(given.slice(before.length).replace(/^[^/]*/, ''), behind);
  const isAtSomehow = (one: string): boolean =>
    [one, ...segmentsOf(one)].some((way) => isAt(toPlainest(way)));
  return (url = '/') =>
    PLAIN.test(url) ? isAt(toPlainest(url)) : isShifted(url) || readings(url).some(isAtSomehow);
}

const isBelow = (given: string, place: string): boolean => given === place || given.startsWith(`${place}/`);

/** All routers take it alike. */
const PLAIN = /^(?:\/[\w~-][\w.~-]*)+\/?(?:\?[^#\s]*)?$/;

/** What ends the path for some routers, or a segment of it, and is a part of it for others. */
const ENDS = [/[?#].*$/s, /[;?#].*$/s];
const NO_ENDS = [/[\\;]|%(?:2f|3b|3f|23|5c)/gi, /;|%(?:2f|3b|3f|23|5c)/gi];

/** The ways to read a path in which each segment stays one; an empty one may be the name of a tenant. */
function segmentsOf(one: string): string[] {
  const paths = ENDS.flatMap((end) => NO_ENDS.map((noEnd) => one.replace(end, '').replace(noEnd, '_')));
  return [...paths, ...paths.map((path) => path.replace(/\/(?=\/)/g, '/_'))];
}

/**
 * What makes Express read a target by `url.parse`, which escapes what stands in it. A router that is mounted below a parameter
 * is then given a later part of the target, and may find its own path there: `/t/"#b/mcp`.
 */
const SHIFTED = /[#\s]/;

/** Some routers read a path as it is, dots included; others resolve it as browsers do (WHATWG URL). */
function readings(url: string): string[] {
  return [url.trim().replace(IN_FRONT, ''), resolve(url), ...CUT_OFF.map((one) => url.replace(one, '/'))];
}

/**
 * Fastify takes any first character for a slash, as in `*mcp`; older versions of its router cut off `http://host?x/`, too. Elysia
 * looks for the path behind eleven characters, as in `http://ab/x/mcp`.
 */
const CUT_OFF = [
  /^(?:%[0-7][\da-f]|%[c-f][\da-f](?:%[89ab][\da-f])+|[^/])/i,
  /^https?:\/\/.*?\//i,
  /^(?=https?:).{11}[^/]*\//is,
];

/** As browsers do. */
function resolve(url: string): string {
  return URL.canParse(url, 'http://host') ? new URL(url, 'http://host').pathname : url;
}

/** What `url.parse`, which Express and Koa route by, cuts off: blanks, any scheme, and a host with or without slashes. */
const IN_FRONT = /^\s*(?:[\w.+-]+:(?:[\\/]{2})?[^\\/?#]*)?/;

/** For comparison only: a router may read the result as another path. */
function toPlainest(path: string): string {
  return decode(path.replace(/[?#].*$/s, ''))
    .replace(/[;?#].*$/s, '')
    .replace(/[\\/]+/g, '/')
    .replace(/\/+$/, '')
    .toLowerCase();
}

/** Decodes each run of escapes on its own: a router that cannot decode one may still decode the others. */
function decode(path: string): string {
  return path.replace(/(?:%[\da-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run.replace(/%[0-7][\da-f]/gi, decodeURIComponent);
    }
  });
}
