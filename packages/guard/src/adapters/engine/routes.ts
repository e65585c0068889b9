import type { Answer } from '../../core/internal.ts';
import { isForTenants, tenantIn } from './tenant-path.ts';

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
  const byName = new Map(all.map((route) => [`${route.method} ${route.path}`, route]));
  const ofTenants = all.filter((route) => isForTenants(route.path));
  return {
    all,
    find(method, path) {
      const verb = method === 'HEAD' ? 'GET' : method;
      const isIt = (one: Route<Incoming>) => one.method === verb && tenantIn(one.path, path) !== undefined;
      // Next.js with `trailingSlash` has no other path. It is read to answer, never to let pass.
      const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
      const route = byName.get(`${verb} ${plain}`) ?? ofTenants.find(isIt);
      return method === 'HEAD' && !route?.takesHead ? undefined : route;
    },
  };
}
