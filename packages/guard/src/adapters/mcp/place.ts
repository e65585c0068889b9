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
  // Some routers read a path as it is, dots included; others resolve it as browsers do (WHATWG URL).
  const readings = (url: string): string[] => [url.replace(IN_FRONT, ''), resolve(url)];
  const around = aroundTenant(wanted);
  if (around === undefined) {
    return (url = '/') => readings(url).some((one) => isBelow(toPlainest(one), wanted));
  }
  const [before, behind] = around;
  const isAt = (given: string): boolean =>
    given.startsWith(before) && isBelow(given.slice(before.length).replace(/^[^/]*/, ''), behind);
  const masked = (one: string): string => one.replace(NO_END, '_');
  const filled = (one: string): string => one.replace(/\/(?=\/)/g, '/_');
  return (url = '/') =>
    readings(url).some((one) => {
      const path = masked(one.replace(/[?#].*$/s, ''));
      return [one, path, filled(path)].some((reading) => isAt(toPlainest(reading)));
    });
}

const isBelow = (given: string, place: string): boolean => given === place || given.startsWith(`${place}/`);

/** What ends a segment for some routers, and is a part of it for others. */
const NO_END = /[\\;]|%(?:2f|3b|3f|23|5c)/gi;

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
