import { headerOf, type RequestLike, readingsOf } from '../core/internal.ts';
import type { TenantRequest } from './options.ts';

/** How an adapter's requests are read. */
export interface TenantsHost<Incoming> {
  toRequest(request: Incoming): RequestLike;
  toWire(request: Incoming): { readonly url: string; readonly origin?: string | undefined };
  /** What the application calls a request. */
  toAsked(request: Incoming): unknown;
}

/** Reads only what the application asks for. */
export function toTenantRequest<Incoming>(
  host: TenantsHost<Incoming>,
  incoming: Incoming,
): TenantRequest<never> {
  const header = (name: string) => headerOf(host.toRequest(incoming).headers, name);
  return {
    get hostname() {
      const { origin, url } = host.toWire(incoming);
      return hostnameOf(origin ?? (/^[a-z]+:\/\//i.test(url) ? url : (header('host') ?? '')));
    },
    get path() {
      return pathOf(host.toWire(incoming).url);
    },
    header,
    get request() {
      return host.toAsked(incoming) as never;
    },
  };
}

/** @param named an origin, a URL, or a host with its port */
function hostnameOf(named: string): string {
  const host = named.replace(/^[a-z][a-z\d+.-]*:\/\//i, '').replace(/[/?#].*$/s, '');
  return host.replace(/:\d*$/, '').toLowerCase();
}

/** As routers decode it. What they would read in several ways was refused. */
function pathOf(url: string): string {
  const target = url.replace(/^[a-z][a-z\d+.-]*:\/\/[^\\/?#]*/i, '');
  const [first = '/', second = first] = readingsOf(target === '' ? '/' : target);
  const path = first.includes('%') ? second : first;
  return path === '/' ? path : path.replace(/\/$/, '');
}
