import { pathOf } from '../adapter/index.ts';

/**
 * Whether a request is for the MCP server, or for something below its path. Generous: frameworks take many spellings of a path
 * for the same, `/MCP/` or `/%6dcp`, and what is not guarded is open.
 *
 * @param path as it was set up
 * @returns a function of a request's path, or of its whole URL
 */
export function createPlace(path: string): (url: string | undefined) => boolean {
  const wanted = toPlainest(path);
  const isAt = (given: string): boolean => given === wanted || given.startsWith(`${wanted}/`);
  // Some routers read a path as it stands there, dots and all; others as browsers do (WHATWG URL).
  return (url = '/') => isAt(toPlainest(url.replace(IN_FRONT, ''))) || isAt(toPlainest(pathOf(url)));
}

/** What `url.parse` takes away, which Express and Koa route by: blanks, whichever scheme, and a host with slashes or without. */
const IN_FRONT = /^\s*(?:[\w.+-]+:(?:[\\/]{2})?[^\\/?#]*)?/;

/** Not to be called with: only to be compared. */
function toPlainest(path: string): string {
  return decode(path.replace(/[?#].*$/s, ''))
    .replace(/[;?#].*$/s, '')
    .replace(/[\\/]+/g, '/')
    .replace(/\/+$/, '')
    .toLowerCase();
}

/** Piece by piece: a router that cannot decode one may go by the others. */
function decode(path: string): string {
  return path.replace(/(?:%[\da-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run.replace(/%[0-7][\da-f]/gi, decodeURIComponent);
    }
  });
}
