import { type Answer, targetOf } from '../../core/internal.ts';

// `:tenant` in the path of a resource stands for the name of a tenant, where each has a resource of its own.

const TENANT_PARAMETER = /\/:tenant(?=\/|$)/;
const ANY_PARAMETER = /\/:/g;

/** @param path a path or a URL */
export const isForTenants = (path: string): boolean => TENANT_PARAMETER.test(path);

/** Whether nothing stands in a path that looks like a parameter, but `:tenant` once. */
export function hasTenantOnly(path: string): boolean {
  return (path.match(ANY_PARAMETER) ?? []).length === (isForTenants(path) ? 1 : 0);
}

/** @param tenant a name that {@link tenantIn} read, or how a router calls a parameter */
export const withTenant = (path: string, tenant: string): string =>
  path.replace(TENANT_PARAMETER, () => `/${tenant}`);

/** The parts before and behind the name; `undefined` for a path without one. */
function aroundTenant(path: string): readonly [string, string] | undefined {
  const at = path.search(TENANT_PARAMETER);
  return at === -1 ? undefined : [path.slice(0, at + 1), path.slice(at + '/:tenant'.length)];
}

/** Letters that every reader of a URL takes for themselves (RFC 3986 §2.3), and not dots alone. */
const NAME = /^(?!\.+$)[\w.~-]+$/;

/** Whether a name can stand for itself in a URL. */
export const isTenantName = (name: string): boolean => NAME.test(name);

/** Next.js with `trailingSlash` has no other paths. One is read to answer, never to let pass. */
const withoutSlash = (path: string): string =>
  path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;

/**
 * The name of the tenant in a path; `undefined` for any other path, and for a name that could be read in another way.
 *
 * @param template a path with `:tenant` in it
 * @param path a path as it was sent
 */
export function tenantIn(template: string, path: string): string | undefined {
  const plain = withoutSlash(path);
  const [before, behind] = aroundTenant(withoutSlash(template)) ?? [];
  if (before === undefined || !plain.startsWith(before)) return undefined;
  const [name = ''] = plain.slice(before.length).split('/', 1);
  return isTenantName(name) && plain.slice(before.length + name.length) === behind ? name : undefined;
}

/** Bytes of a message's body; more is refused with 413. A logout token of Keycloak has about 1 KiB. */
export const LONGEST_MESSAGE = 16 * 1024;

/** One route that an adapter mounts. */
export interface Route<Incoming> {
  readonly method: 'GET' | 'OPTIONS' | 'POST';
  /** From the root of the app. `:tenant` in it stands for one segment. */
  readonly path: string;
  /** Whether a `HEAD` request is answered as the `GET` would be. */
  readonly takesHead: boolean;
  /** Whether the body is a message, of `LONGEST_MESSAGE` bytes at most; of other routes it is not read. */
  readonly readsBody: boolean;
  /** @throws {AuthError} or rejects with one: a refusal */
  answer(request: Incoming, body: unknown): Promise<Answer>;
}

/** A route that answers neither `HEAD` nor reads a body, unless `more` says so. */
export function toRoute<Incoming>(
  method: Route<Incoming>['method'],
  path: string,
  answer: Route<Incoming>['answer'],
  more: Partial<Pick<Route<Incoming>, 'takesHead' | 'readsBody'>> = {},
): Route<Incoming> {
  return { method, path, takesHead: false, readsBody: false, answer, ...more };
}

/** Routes that an adapter mounts. */
export interface Routes<Incoming> {
  readonly all: readonly Route<Incoming>[];
  /** The route of a request; `undefined` if there is none. */
  find(method: string | undefined, path: string): Route<Incoming> | undefined;
}

export function toRoutes<Incoming>(all: readonly Route<Incoming>[]): Routes<Incoming> {
  const byName = new Map(all.map((route) => [`${route.method} ${withoutSlash(route.path)}`, route]));
  const ofTenants = all.filter((route) => isForTenants(route.path));
  return {
    all,
    find(method, path) {
      const verb = method === 'HEAD' ? 'GET' : method;
      const isIt = (one: Route<Incoming>) => one.method === verb && tenantIn(one.path, path) !== undefined;
      const route = byName.get(`${verb} ${withoutSlash(path)}`) ?? ofTenants.find(isIt);
      return method === 'HEAD' && !route?.takesHead ? undefined : route;
    },
  };
}

/** The path of {@link targetOf}, unchanged: routers differ in how they read dots and escapes. */
export function pathOf(url: string): string {
  return targetOf(url).replace(/[?#].*$/s, '');
}

/**
 * A header of an answer that may have it already, by the application or its framework: `Vary` grows, and what no shared cache keeps
 * becomes no more public by `private`.
 */
export function toHeader(name: string, value: string, before: unknown): string {
  if (before === undefined || before === null) return value;
  const all = Array.isArray(before) ? before.join(', ') : String(before);
  if (name === 'vary') {
    const names = all.toLowerCase().split(/ *, */);
    return names.includes('*') || names.includes(value.toLowerCase()) ? all : `${all}, ${value}`;
  }
  return name === 'cache-control' && value === 'private' && /\b(private|no-store)\b/i.test(all) ? all : value;
}

/** The body of a request, which anyone can send: its headers are looked at before it is read. */
export interface SentBody {
  header(name: string): string | undefined;
  /** @returns `null` for a body of more than `LONGEST_MESSAGE` bytes */
  read(): Promise<unknown>;
  /** Whether the client went away before the end of the body. */
  isCutOff?(): boolean;
}

/** Answers refused requests: an engine. */
export interface Refuser<Incoming> {
  /** The answer to a refused request; `undefined` for any other error. */
  refusalOf(error: unknown, request: Incoming): Answer | undefined;
}
