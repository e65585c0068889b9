import type { TestContext } from 'node:test';
import type {
  Calls,
  PermissionSettings,
  ProtectedResourceOptions,
} from '../../../packages/guard/src/adapters/engine/index.ts';
import type { AuthError, Principal, VerifierOptions } from '../../../packages/guard/src/core/index.ts';
import type { SessionOptions } from '../../../packages/guard/src/session/index.ts';

/** What an app of the contract is made with. */
export interface Given {
  readonly keycloak: VerifierOptions;
  /** Browser sessions are on, with these options. */
  readonly session?: Omit<SessionOptions, 'client'>;
  /** Permissions are on, with these options: then, and only then, the app has the routes for them. */
  readonly permissions?: PermissionSettings;
  /** What the guard of `GET /asked` requires, by a function of the request: given as it is, whatever it is. */
  readonly asks?: (request: unknown) => unknown;
  /** What `GET /calls` does: gets the app's calls to other services once, and the request and its principal each time. */
  readonly calls?: (
    calls: Calls<unknown>,
  ) => (request: unknown, principal: Principal | null | undefined) => Promise<object>;
  /** The app says which resource it is. */
  readonly resource?: ProtectedResourceOptions;
  readonly explain?: boolean;
  readonly logRefusals?: boolean | undefined;
  /** Gets each line that is logged at level `info`. */
  readonly onLine?: (line: string) => void;
  readonly onDenied?: (error: AuthError, principal: Principal | null) => void;
  /** The framework's own CORS middleware stands before all routes, for pages of this origin. */
  readonly cors?: string;
  /**
   * The app has an error handler of its own, of the framework's usual kind. It answers every error with its `statusCode` and
   * `headers` (500 and none where it has none) and the body `{"own": <code or message of the error>}`.
   */
  readonly hasErrorHandler?: boolean;
  /** The framework's usual parsers of JSON and forms stand before all routes. */
  readonly hasBodyParsers?: boolean;
}

/**
 * An app in some framework, as a user would write it, on a socket of its own:
 *
 * - `GET /open` → `{"open": true}`, without a guard
 * - `GET /health` → `kc.health()`, without a guard
 * - `GET /guarded` (and `POST`) → `{"username"}`, for everybody with a good token
 * - `GET /admin` → the same, for the realm role `admin`
 * - `GET /scoped` → the same, for the scope `orders:read`
 * - `GET /optional` → `{"username"}`, `null` for nobody
 * - `GET /nested/deep/guarded` → as `/guarded`, in a router in a router whose guard stands before its routes
 * - `GET /async` → as `/guarded`, by a handler that awaits something
 * - `GET /stream` → guarded, ten lines `0` to `9`, one after the other
 * - `GET /fails` → a guarded handler that throws `new Error('a fault of the handler')`
 * - `GET /token` → guarded, `{"token"}`: the access token for a call on behalf of whoever asks
 * - `GET /orgs/:org` → `{"org", "tenant"}`, for the tenant `:org`: as the handler reads it, and the one of the principal
 * - `GET /members/:org` → the same, for members of the organization, by a function of the request
 * - `GET /lost/:org` → for the tenant `:nothing`, a parameter that the route does not have
 * - `GET /asked` → as `/guarded`, for what `asks` gives
 * - `GET /calls` → what `calls` gives, behind an optional guard; without `calls` it does nothing
 * - `GET /permitted` → as `/guarded`, for the permission `orders#view`
 * - `GET /hidden` → for `reports#view`, hidden from who may not
 * - `GET /any` → for `orders#delete` or `reports#view`
 * - `GET /things/:name` → for the scope `view` of the resource of that name, by a function of the request
 * - `GET /misconfigured` → for `nothing#view`, which Keycloak does not know
 * - `GET /unguarded` → for `orders#view`, without a guard, or with an optional one
 * - `POST /backchannel-logout`, and login, callback, session, logout where `session` is given
 */
export interface RunningApp {
  /** For example `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Calls the app, where Node's `fetch` cannot. */
  readonly fetch?: typeof fetch;
  close(): Promise<void>;
}

/** A framework's adapter. A new one passes by being added to the list. */
export interface Adapter {
  readonly name: string;
  /**
   * What the framework, not the adapter, does not have: no tests of it. `http1`: a request cannot be sent byte by byte;
   * `parameters`: it has no router, so requirements by a parameter are functions;
   * `resource`: the adapter says
   * nothing of the resource; `inProcess`: the app is another process, with a clock, a memory and listeners of its own.
   */
  readonly lacks?: readonly (
    | ('cors' | 'errorHandler' | 'bodyParsers' | 'http1')
    | ('inProcess' | 'parameters' | 'resource')
  )[];
  start(given: Given): Promise<RunningApp>;
}

export async function startApp(t: TestContext, adapter: Adapter, given: Given): Promise<RunningApp> {
  const app = await adapter.start(given);
  t.after(() => app.close());
  return app;
}
