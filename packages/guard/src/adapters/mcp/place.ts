/**
 * Tests whether a request is for the MCP server, or for a path below its own. The test is generous: frameworks route many
 * spellings of a path alike, `/MCP/` or `/%6dcp`, and a spelling that is missed here would be open.
 *
 * @param path the server's configured path
 * @returns a function of a request's path, or of its whole URL
 */
export function createPlace(path: string): (url: string | undefined) => boolean {
  const wanted = toPlainest(path);
  const isAt = (given: string): boolean => given === wanted || given.startsWith(`${wanted}/`);
  // Some routers read a path as it is, dots included; others resolve it as browsers do (WHATWG URL).
  return (url = '/') => isAt(toPlainest(url.replace(IN_FRONT, ''))) || isAt(toPlainest(resolve(url)));
}

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
