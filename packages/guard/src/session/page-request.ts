import { headerOf, targetOf } from '../core/internal.ts';
import type { Place } from './place.ts';
import type { SessionRequest } from './request.ts';
import { toReturnPath } from './return-path.ts';

/**
 * Whether a browser asks for a page for a person, rather than a program or a script for data. Browsers of today say so in
 * `Sec-Fetch-Mode` and `Sec-Fetch-Dest`; of the others `Accept` has to prefer HTML. Programs send `*`/`*`.
 *
 * @see Fetch Metadata Request Headers §2.1, §2.2, RFC 9110 §12.5.1
 */
export function isPageRequest({ method, headers }: Pick<SessionRequest, 'method' | 'headers'>): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (headerOf(headers, 'upgrade') !== undefined) return false;
  const mode = headerOf(headers, 'sec-fetch-mode');
  const destination = headerOf(headers, 'sec-fetch-dest');
  if (mode !== undefined && mode !== 'navigate') return false;
  if (destination !== undefined) return destination === 'document';
  if (headerOf(headers, 'x-requested-with') !== undefined) return false;
  const accept = headerOf(headers, 'accept') ?? '';
  const html = qualityOf(accept, 'text/html');
  return html > 0 && html >= qualityOf(accept, 'application/json');
}

/** The path of the page that was asked for, as the browser knows it: a proxy may have taken the app's own path away. */
export function pagePathOf({ origin, path }: Place, { url }: Pick<SessionRequest, 'url'>): string {
  const wanted = targetOf(url);
  const hasPath = path === '' || wanted === path || wanted.startsWith(`${path}/`);
  return toReturnPath(hasPath ? wanted : `${path}${wanted}`, origin, `${path}/`);
}

/** The quality of a media type in `Accept`; 0 if it is not named. Programs send wildcards, which do not count. */
function qualityOf(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    if (!range.includes(type)) continue;
    const [name, ...parameters] = range.split(';').map((part) => part.trim());
    if (name !== type) continue;
    const q = parameters.find((one) => one.startsWith('q='));
    const value = q === undefined ? 1 : Number(q.slice(2));
    return value >= 0 && value <= 1 ? value : 0;
  }
  return 0;
}
