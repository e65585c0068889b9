// `:tenant` in the path of a resource stands for the name of a tenant, where each has a resource of its own.

const PLACE = /\/:tenant(?=\/|$)/;
const ANY_PLACE = /\/:/g;

/** @param path a path or a URL */
export const isForTenants = (path: string): boolean => PLACE.test(path);

/** Whether nothing stands in a path that looks like a parameter, but `:tenant` once. */
export function hasTenantOnly(path: string): boolean {
  return (path.match(ANY_PLACE) ?? []).length === (isForTenants(path) ? 1 : 0);
}

/** @param tenant a name that {@link tenantIn} read, or how a router calls a parameter */
export const withTenant = (path: string, tenant: string): string => path.replace(PLACE, () => `/${tenant}`);

/** What is before and behind the name; `undefined` for a path without one. */
export function aroundTenant(path: string): readonly [string, string] | undefined {
  const at = path.search(PLACE);
  return at === -1 ? undefined : [path.slice(0, at + 1), path.slice(at + '/:tenant'.length)];
}

/** Letters that every reader of a URL takes for themselves (RFC 3986 §2.3), and not dots alone. */
const NAME = /^(?!\.+$)[\w.~-]+$/;

/** Whether a name can stand for itself in a URL. */
export const isTenantName = (name: string): boolean => NAME.test(name);

/**
 * The name of the tenant in a path, or in one below it; `undefined` for any other path, and for a name that could be read in
 * another way.
 *
 * @param template a path with `:tenant` in it
 * @param path a path as it was sent
 */
export function tenantIn(template: string, path: string): string | undefined {
  const [before, behind] = aroundTenant(template) ?? [];
  if (before === undefined || !path.startsWith(before)) return undefined;
  const [name = ''] = path.slice(before.length).split('/', 1);
  const rest = path.slice(before.length + name.length);
  return isTenantName(name) && (rest === behind || rest.startsWith(`${behind}/`)) ? name : undefined;
}
