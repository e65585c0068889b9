import type { TestContext } from 'node:test';
import type {
  AuthError,
  KeycloakMessage,
  Principal,
  VerifierOptions,
} from '../../../packages/guard/src/core/index.ts';
import type { SessionOptions } from '../../../packages/guard/src/session/index.ts';

/** What an app of the contract is made with. */
export interface Given {
  readonly keycloak: VerifierOptions;
  /** Browser sessions are on, with these options. */
  readonly session?: Partial<Omit<SessionOptions<never>, 'client' | 'onEvent'>> & { readonly secret: string };
  readonly explain?: boolean;
  readonly onDenied?: (error: AuthError, principal: Principal | null) => void;
  readonly onMessage?: (message: KeycloakMessage) => void;
}

/**
 * An app in some framework, as a user would write it, on a socket of its own:
 *
 * - `GET /open` → `{"open": true}`, without a guard
 * - `GET /guarded` (and `POST`) → `{"username"}`, for everybody with a good token
 * - `GET /admin` → the same, for the realm role `admin`
 * - `GET /scoped` → the same, for the scope `orders:read`
 * - `GET /optional` → `{"username"}`, `null` for nobody
 * - `GET /nested/deep/guarded` → as `/guarded`, in a router in a router whose guard stands before its routes
 * - `GET /async` → as `/guarded`, by a handler that awaits something
 * - `GET /stream` → as `/guarded`, ten lines, one after the other
 * - `GET /fails` → a guarded handler that throws an error of its own
 * - `POST /backchannel-logout`, and login, callback, session, logout where `session` is given
 */
export interface RunningApp {
  /** For example `http://127.0.0.1:40123`. */
  readonly url: string;
  close(): Promise<void>;
}

/** A framework's adapter. A new one passes by being added to the list. */
export interface Adapter {
  readonly name: string;
  start(given: Given): Promise<RunningApp>;
}

export async function startApp(t: TestContext, adapter: Adapter, given: Given): Promise<RunningApp> {
  const app = await adapter.start(given);
  t.after(() => app.close());
  return app;
}
