import { headerOf } from '../core/internal.ts';
import type { SessionRequest } from './request.ts';

/**
 * Whether a person's browser asks for a page, and not a program or a page's script for data. Browsers of today say so in
 * `Sec-Fetch-Mode`; of the others `Accept` has to prefer HTML. Programs send `*`/`*`.
 *
 * @see Fetch Metadata Request Headers §2.2, RFC 9110 §12.5.1
 */
export function isPageRequest({ method, headers }: Pick<SessionRequest, 'method' | 'headers'>): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const mode = headerOf(headers, 'sec-fetch-mode');
  if (mode !== undefined && mode !== 'navigate') return false;
  if (headerOf(headers, 'x-requested-with') !== undefined) return false;
  const accept = headerOf(headers, 'accept') ?? '';
  const html = qualityOf(accept, 'text/html');
  return html > 0 && html >= qualityOf(accept, 'application/json');
}

/** Of a type that is named; wildcards are what programs send. 0 where it is not. */
function qualityOf(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim());
    if (name !== type) continue;
    const q = parameters.find((one) => one.startsWith('q='));
    const value = q === undefined ? 1 : Number(q.slice(2));
    return value >= 0 && value <= 1 ? value : 0;
  }
  return 0;
}
