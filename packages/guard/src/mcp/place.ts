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
  return (url = '/') => {
    const given = toPlainest(url);
    return given === wanted || given.startsWith(`${wanted}/`);
  };
}

/** Not to be called with: only to be compared. */
function toPlainest(url: string): string {
  // Two slashes in front would be read as a host.
  const path = pathOf(url.replace(/^[\\/]{2,}/, '/'));
  return decode(path)
    .replace(/[;?#].*$/s, '')
    .replace(/[\\/]+/g, '/')
    .replace(/\/+$/, '')
    .toLowerCase();
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
