import { AuthError } from '../core/index.ts';
import {
  DpopCredentials,
  headerOf,
  type RequestLike,
  readCompactJws,
  readCredentials,
  readingsOf,
  receivedHeaderOf,
  targetOf,
} from '../core/internal.ts';
import type { TenantRequest } from './options.ts';

/** How an adapter's requests are read. */
export interface TenantsHost<Incoming> {
  toRequest(request: Incoming): RequestLike;
  /** Of a request that names several hosts, `origin` is none. */
  toSessionRequest(request: Incoming): { readonly url: string; readonly origin?: string | undefined };
  /** The request as the application knows it. */
  toAppRequest(request: Incoming): unknown;
}

/** Reads only what the application asks for. There is one for each request: an object with own accessors costs 5 µs. */
export class ReadRequest<Incoming> implements TenantRequest<never> {
  readonly #host: TenantsHost<Incoming>;
  readonly #incoming: Incoming;

  constructor(host: TenantsHost<Incoming>, incoming: Incoming) {
    this.#host = host;
    this.#incoming = incoming;
    // Applications take it apart in their parameters.
    this.header = (name) => unchangedHeaderOf(host.toRequest(incoming), name.toLowerCase());
  }

  readonly header: (name: string) => string | undefined;

  get hostname(): string {
    const { origin, url } = this.#host.toSessionRequest(this.#incoming);
    return hostnameOf(
      receivedHeaderOf(this.#host.toRequest(this.#incoming), 'host'),
      origin ?? AUTHORITY.exec(url)?.[0],
    );
  }

  get path(): string {
    return pathOf(this.#host.toSessionRequest(this.#incoming).url);
  }

  get request(): never {
    return this.#host.toAppRequest(this.#incoming) as never;
  }
}

/**
 * A header that is as it arrived, which a proxy in front has set: frameworks add to the headers of a WebSocket what its client says
 * later, and middleware that sets or deletes one makes another of it. Neither value is the proxy's for sure.
 */
function unchangedHeaderOf(request: RequestLike, name: string): string | undefined {
  const received = receivedHeaderOf(request, name);
  return headerOf(request.headers, name) === received ? received : undefined;
}

/** Scheme and host of a URL. */
const AUTHORITY = /^[a-z][a-z\d+.-]*:\/\/[^\\/?#]*/i;
const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;
/**
 * A name or an address (RFC 3986 §3.2.2), as browsers send it, and a port. Nothing is cut off: the application may read as the
 * host what was left out here.
 */
const HOST = /^((?:[\w-]+(?:\.[\w-]+)*|\[[\da-f:.]+\]))(?::\d*)?$/i;

/**
 * @param header the header `Host`, which the application can read, whatever its framework takes for the host
 * @param origin what the framework takes for it
 */
function hostnameOf(header: string | undefined, origin = header ?? ''): string {
  if (header !== undefined && header !== '' && !HOST.test(header)) return '';
  return (HOST.exec(origin.replace(SCHEME, ''))?.[1] ?? '').toLowerCase();
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

/** The longest issuer that is looked up. */
const LONGEST_ISSUER = 1_000;

/** The issuer that a token names, which nobody has verified yet. @throws {AuthError} `token_…` */
export function readIssuer(token: string): string {
  const { iss } = readCompactJws(token).payload();
  if (typeof iss === 'string' && iss.length <= LONGEST_ISSUER) return iss;
  throw new AuthError('token_issuer', 'The token names no issuer');
}

/** The token of a request; `undefined` if there is none. @throws {AuthError} for a header that cannot be read */
export function tokenOf<Incoming>(host: TenantsHost<Incoming>, request: Incoming): string | undefined {
  const read = readCredentials(host.toRequest(request), true);
  return typeof read === 'string' ? read : read instanceof DpopCredentials ? read.token : undefined;
}

/** The refusal of a request whose tenant is none: clients learn no more than 404. @param seen for the log */
export function unknownTenant(reason: string, seen?: string): AuthError {
  return new AuthError('tenant_unknown', `The request belongs to no tenant: ${reason}`, { seen });
}

/**
 * Reads the result of a function of the application as a name.
 *
 * @param none the refusal of who belongs to no tenant
 * @throws {AuthError} that refusal
 * @throws {TypeError} for anything else than a name: a fault
 */
export function toName(name: unknown, none: () => AuthError): string {
  if (typeof name === 'string' && name !== '') return name;
  if (name === undefined || name === null || name === '') throw none();
  // A rejected promise without a listener would end the process.
  Promise.resolve(name).catch(() => {});
  throw new TypeError('tenants: of and ofIssuer must return the name of a tenant, or undefined, and at once');
}
