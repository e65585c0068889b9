import { headerOf, type RequestLike, readingsOf, targetOf } from '../core/internal.ts';
import type { TenantRequest } from './options.ts';

/** How an adapter's requests are read. */
export interface TenantsHost<Incoming> {
  toRequest(request: Incoming): RequestLike;
  /** Of a request that names several hosts, `origin` is none. */
  toWire(request: Incoming): { readonly url: string; readonly origin?: string | undefined };
  /** What the application calls a request. */
  toAsked(request: Incoming): unknown;
}

/** Reads only what the application asks for. There is one for each request: an object with own accessors costs 5 µs. */
export class ReadRequest<Incoming> implements TenantRequest<never> {
  readonly #host: TenantsHost<Incoming>;
  readonly #incoming: Incoming;

  constructor(host: TenantsHost<Incoming>, incoming: Incoming) {
    this.#host = host;
    this.#incoming = incoming;
    // Applications take it apart in their parameters.
    this.header = (name) => headerOf(host.toRequest(incoming).headers, name);
  }

  readonly header: (name: string) => string | undefined;

  get hostname(): string {
    const { origin, url } = this.#host.toWire(this.#incoming);
    return hostnameOf(origin ?? (/^[a-z]+:\/\//i.test(url) ? url : (this.header('host') ?? '')));
  }

  get path(): string {
    return pathOf(this.#host.toWire(this.#incoming).url);
  }

  get request(): never {
    return this.#host.toAsked(this.#incoming) as never;
  }
}

/** A name or an address (RFC 3986 §3.2.2), as browsers send it: nothing that a part of it could be taken for the whole. */
const HOST = /^(?:[\w-]+(?:\.[\w-]+)*|\[[\da-f:.]+\])$/;

/** @param named an origin, a URL, or a host with its port */
function hostnameOf(named: string): string {
  const host = named.replace(/^[a-z][a-z\d+.-]*:\/\//i, '').replace(/[/?#].*$/s, '');
  const name = host.replace(/:\d*$/, '').toLowerCase();
  return HOST.test(name) ? name : '';
}

/** A document about a resource belongs to whom the resource does (RFC 9728 §3.1). */
const METADATA = /^\/\.well-known\/oauth-protected-resource(?=\/|$)/;

/** Decoded as routers do it. Paths that they could read in several ways were refused before, and a URL without a host. */
function pathOf(url: string): string {
  const target = targetOf(url);
  const [first = '/', second = first] = readingsOf(target === '' ? '/' : target);
  const path = (first.includes('%') ? second : first).replace(METADATA, '');
  return path.replace(/\/$/, '') || '/';
}
