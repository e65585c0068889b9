import type { MiddlewareHandler } from 'hono';
import {
  type Documented,
  type DocumentedGuard,
  isDenying,
  toAnswers,
  toSecurity,
} from '../engine/internal.ts';

/** The part of an OpenAPI document that {@link documentGuards} reads and writes, of version 3.0 or 3.1. */
export interface DocumentOfGuards {
  // biome-ignore lint/suspicious/noExplicitAny: each tool has its own types.
  paths?: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  components?: any;
}

/** A route of an app, as Hono lists them. */
interface Registered {
  readonly method: string;
  readonly path: string;
  readonly handler: unknown;
}

type Operation = { security?: object[]; responses?: Record<string, object> };

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;
const SCHEMA = { type: 'object', properties: { detail: { type: 'string' } } };
const SCHEME = { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' };

/** Guards and permits, by their middleware. */
const marked = new WeakMap<object, Documented>();

/** Lets {@link documentGuards} find a guard or permit. */
export function mark(middleware: MiddlewareHandler, guard: Partial<Documented>): MiddlewareHandler {
  if ('requirements' in guard || 'permissions' in guard) marked.set(middleware, guard as Documented);
  return middleware;
}

/**
 * Says in an OpenAPI document what the guards of an app mean: security with its scopes, 401, 403 and 503, for each operation
 * that runs behind a guard. What the document says itself stays. The document may be of any tool, for example `@hono/zod-openapi` or
 * `hono-openapi`. Guards of `app.mount` are not seen.
 *
 * @param options `securityScheme`: name of the scheme, which is added where the document has none of this name. Default
 *   `bearerAuth`
 * @returns a copy
 * @example
 * app.get('/openapi.json', (c) => c.json(documentGuards(app, app.getOpenAPIDocument(info))));
 */
export function documentGuards<D extends DocumentOfGuards>(
  app: { readonly routes: readonly Registered[] },
  document: D,
  { securityScheme = 'bearerAuth' }: { readonly securityScheme?: string } = {},
): D {
  const paths = Object.entries((document.paths ?? {}) as Record<string, Record<string, Operation>>);
  const { components = {} } = document;
  const documented = paths.map(([path, item]) => {
    const operations = METHODS.filter((method) => item[method] !== undefined).map((method) => {
      const guards = findGuards(app.routes, method.toUpperCase(), toSegments(path));
      return [
        method,
        guards.length === 0 ? item[method] : toGuarded(item[method] ?? {}, guards, securityScheme),
      ];
    });
    return [path, { ...item, ...Object.fromEntries(operations) }];
  });
  return {
    ...document,
    paths: Object.fromEntries(documented),
    components: {
      ...components,
      securitySchemes: { [securityScheme]: SCHEME, ...components.securitySchemes },
    },
  };
}

function toGuarded(operation: Operation, documented: readonly Documented[], scheme: string): Operation {
  const guards = documented.filter(isGuard);
  const permits = documented.flatMap((one) => (isGuard(one) ? [] : one));
  const content = { 'application/json': { schema: SCHEMA } };
  const answers = toAnswers(guards.some(isDenying), permits, (description) => ({ description, content }));
  return {
    ...operation,
    security: operation.security ?? toSecurity(guards, scheme),
    responses: { ...answers, ...operation.responses },
  };
}

const isGuard = (one: Documented): one is DocumentedGuard => 'requirements' in one;

/** Those that run before the last handler of the operation. */
function findGuards(
  routes: readonly Registered[],
  method: string,
  operation: readonly string[],
): Documented[] {
  const isOf = (one: Registered) => one.method === method || one.method === 'ALL';
  const last = routes.findLastIndex((one) => isOf(one) && isSame(toSegments(one.path), operation));
  return routes
    .slice(0, Math.max(last, 0))
    .filter((one) => isOf(one) && covers(toSegments(one.path), operation))
    .flatMap(({ handler }) => marked.get(unwrap(handler)) ?? []);
}

/** `app.route` wraps the handlers of an app that has its own error handler. */
function unwrap(handler: unknown): object {
  const { __COMPOSED_HANDLER: inner } = handler as { __COMPOSED_HANDLER?: unknown };
  return inner === undefined ? (handler as object) : unwrap(inner);
}

/** A parameter, `:id` of Hono and `{id}` of OpenAPI, is the same segment under any name. */
function toSegments(path: string): string[] {
  const segments = path.split('/').filter((segment) => segment !== '');
  return segments.map((segment) => (/^(:|\{.*\}$)/.test(segment) ? ':' : segment));
}

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((segment, at) => segment === other[at]);

/** Whether the pattern of a middleware is for every request of the operation. */
function covers(pattern: readonly string[], operation: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === '*';
  const fixed = isOpen ? pattern.slice(0, -1) : pattern;
  return (
    (isOpen ? fixed.length <= operation.length : fixed.length === operation.length) &&
    fixed.every((segment, at) => segment === ':' || segment === '*' || segment === operation[at])
  );
}
