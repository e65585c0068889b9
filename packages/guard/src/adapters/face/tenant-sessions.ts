import { createClient } from '../../client/index.ts';
import { contextOfVerifier, toClient } from '../../client/internal.ts';
import { OptionsError, type TokenVerifier, type Verifier } from '../../core/index.ts';
import { headerOf, isThenable, ofEach, partsOf } from '../../core/internal.ts';
import {
  createMemorySessionStore,
  type SessionOptions,
  type SessionRequest,
  type Sessions,
} from '../../session/index.ts';
import {
  buildSessions,
  createEndings,
  isPageRequest,
  NOBODY,
  resolveSessionOptions,
  toPaths,
  toTenantOptions,
} from '../../session/internal.ts';
import type { Tenants } from '../../tenants/internal.ts';
import type { Engine, SessionSettings } from '../engine/internal.ts';

/**
 * The sessions of tenants: of each its own, made when they are first needed, with a client, secrets and a cookie of its own.
 * They have the store in common.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function openTenantSessions<Incoming>(
  tenants: Tenants<Incoming>,
  verifierOf: Engine<Incoming, never>['verifierOf'],
  settings: SessionSettings<Incoming>,
  factory: string,
): Sessions<Incoming> {
  if (tenants.isByIssuer) {
    throw wrong(
      factory,
      'tenants',
      'must be { of, get } where people sign in: a browser has no token that could say whose it is',
    );
  }
  if (settings.client !== undefined) throw wrong(factory, 'client', 'is that of each tenant: leave it out');
  const none = createClient({ serverUrl: 'http://localhost', realm: 'none', clientId: 'none' });
  const toOptions = (more: Partial<SessionOptions<Incoming>>) =>
    resolveSessionOptions({ ...settings, client: none, ...more }, factory);
  // Wrong options stop the start.
  const common = toOptions({});
  const store = settings.store ?? createMemorySessionStore({ clock: settings.clock });
  const endings = createEndings(store, common.maxMs);

  const openedOf = ofEach((verifier: Verifier<object>): Sessions => {
    const context = contextOfVerifier(verifier);
    const { publicUrl = settings.publicUrl, tenants: kind } = partsOf(verifier) ?? {};
    const { keyPrefix, ...own } = toTenantOptions(settings, {
      name: typeof kind === 'object' ? kind.name : '',
      baseUrl: verifier.issuer.baseUrl,
      clientId: verifier.clientId,
    });
    const options = toOptions({ ...own, store, publicUrl, ...(context && { client: toClient(context) }) });
    return buildSessions(verifier as unknown as TokenVerifier, options, false, endings, keyPrefix);
  });

  type Settled<T> = (sessions: Sessions<Incoming>) => T | Promise<T>;

  /** With the sessions of the tenant: at once where its settings are known. @throws {AuthError} */
  function of<T>({ source }: SessionRequest<Incoming>, act: Settled<T>): T | Promise<T> {
    const verifier = verifierOf(source as Incoming);
    const open = (one: TokenVerifier) => act(openedOf(one as Verifier<object>) as Sessions<Incoming>);
    return isThenable(verifier)
      ? (verifier as Promise<TokenVerifier>).then(open)
      : open(verifier as TokenVerifier);
  }

  /** A guard has just refused the request, so its tenant is in memory. One that left it in between gets the plain refusal. */
  function now<T>(
    request: SessionRequest<Incoming>,
    act: (sessions: Sessions<Incoming>) => T,
  ): T | undefined {
    const result = of(request, act);
    if (!isThenable(result)) return result as T;
    Promise.resolve(result).catch(() => {});
    return undefined;
  }

  const { prefix } = common;
  return {
    paths: toPaths(prefix),
    // The guard knows that there is such a tenant: without a cookie, nothing is made for it.
    authenticate: (request, isUse) =>
      headerOf(request.headers, 'cookie') === undefined
        ? NOBODY
        : of(request, (one) => one.authenticate(request, isUse)),
    accessToken: async (request) => of(request, (one) => one.accessToken(request)),
    inviteToLogin: (request) =>
      isPageRequest(request) ? (now(request, (one) => one.inviteToLogin(request)) ?? null) : null,
    stepUp: (request, signIn) => now(request, (one) => one.stepUp(request, signIn)),
    startLogin: async (request) => of(request, (one) => one.startLogin(request)),
    finishLogin: async (request) => of(request, (one) => one.finishLogin(request)),
    describe: async (request) => of(request, (one) => one.describe(request)),
    signOut: async (request) => of(request, (one) => one.signOut(request)),
    async close() {
      await endings.close();
      if (settings.store === undefined) await store.close();
    },
  };
}

function wrong(factory: string, option: string, rule: string): OptionsError {
  const example = '{ of: ({ hostname }) => nameOf(hostname), get: (name) => db.tenants.find(name) }';
  return new OptionsError(factory, [{ option, rule, example }]);
}
