import { createClient } from '../../../client/index.ts';
import { contextOfVerifier, toClient } from '../../../client/internal.ts';
import type { TokenVerifier, Verifier } from '../../../core/index.ts';
import { headerOf, isThenable, ofEach, partsOf, then } from '../../../core/internal.ts';
import {
  createMemorySessionStore,
  type OnSessionEvent,
  type SessionOptions,
  type SessionRequest,
  type Sessions,
} from '../../../session/index.ts';
import {
  buildSessions,
  createEndings,
  isPageRequest,
  NOBODY,
  resolveSessionOptions,
  toRefusalPage,
  toTenantOptions,
} from '../../../session/internal.ts';
import { toPaths } from '../../../session/options.ts';
import type { Tenants } from '../../../tenants/internal.ts';
import type { SessionSettings } from '../options.ts';
import { type PartHost, realmOf } from '../realms.ts';

/** Sessions by settings that were checked before. */
export function createSessions<Incoming>(
  { verifier, tenants, verifierOf }: PartHost<Incoming>,
  settings: SessionSettings<Incoming>,
  factory: string,
): Sessions<Incoming> {
  if (tenants !== undefined) return createTenantSessions(tenants, verifierOf, settings, factory);
  const realm = realmOf(verifier);
  const context = realm && contextOfVerifier(realm);
  const options = { ...settings, client: settings.client ?? (context && toClient(context)) };
  const resolved = resolveSessionOptions(options as SessionOptions, factory);
  return buildSessions(verifier, resolved, settings.store === undefined);
}

/**
 * The sessions of tenants: of each its own, made when they are first needed, with a client, secrets and a cookie of its own.
 * They have the store in common.
 */
function createTenantSessions<Incoming>(
  _tenants: Tenants<Incoming>,
  verifierOf: PartHost<Incoming>['verifierOf'],
  settings: SessionSettings<Incoming>,
  factory: string,
): Sessions<Incoming> {
  const none = createClient({ serverUrl: 'http://localhost', realm: 'none', clientId: 'none' });
  const toOptions = (more: Partial<SessionOptions<Incoming>>) =>
    resolveSessionOptions({ ...settings, client: none, ...more }, factory);
  const common = toOptions({});
  const store = settings.store ?? createMemorySessionStore({ clock: settings.clock });
  const endings = createEndings(store, common.maxMs);

  const openedOf = ofEach((verifier: Verifier<object>): Sessions => {
    const context = contextOfVerifier(verifier);
    const { publicUrl = settings.publicUrl, tenants: kind } = partsOf(verifier) ?? {};
    // Of a realm of its own.
    const tenant = typeof kind === 'object' ? kind.name : '';
    const { keyPrefix, ...own } = toTenantOptions(settings, {
      name: tenant,
      baseUrl: verifier.issuer.baseUrl,
      clientId: verifier.clientId,
    });
    const client = context && { client: toClient(context) };
    const onEvent = settings.onEvent && toTenantListener(settings.onEvent, tenant);
    const options = toOptions({ ...own, store, publicUrl, ...client, ...(onEvent && { onEvent }) });
    return buildSessions(verifier as unknown as TokenVerifier, options, false, endings, keyPrefix);
  });

  type Settled<T> = (sessions: Sessions<Incoming>) => T | Promise<T>;

  /** With the sessions of the tenant: at once where its settings are known. @throws {AuthError} */
  function of<T>({ source }: SessionRequest<Incoming>, act: Settled<T>): T | Promise<T> {
    return then(verifierOf(source as Incoming), (verifier) =>
      act(openedOf(verifier as Verifier<object>) as Sessions<Incoming>),
    );
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

  return {
    paths: toPaths(common.prefix),
    // The guard knows that there is such a tenant: without a cookie, nothing is made for it.
    authenticate: (request, isUse) =>
      headerOf(request.headers, 'cookie') === undefined
        ? NOBODY
        : of(request, (one) => one.authenticate(request, isUse)),
    accessToken: async (request) => of(request, (one) => one.accessToken(request)),
    inviteToLogin: (request) =>
      isPageRequest(request) ? (now(request, (one) => one.inviteToLogin(request)) ?? null) : null,
    refusalPage(request, refusal) {
      if (!isPageRequest(request)) return null;
      // No tenant's: none has to be found for its page.
      if (refusal.principal === null) return toRefusalPage(refusal.answer, refusal.detail);
      return now(request, (one) => one.refusalPage(request, refusal)) ?? null;
    },
    stepUp: (request, signIn) => now(request, (one) => one.stepUp(request, signIn)),
    startLogin: async (request) => of(request, (one) => one.startLogin(request)),
    finishLogin: async (request) => of(request, (one) => one.finishLogin(request)),
    describe: async (request) => of(request, (one) => one.describe(request)),
    signOut: async (request) => of(request, (one) => one.signOut(request)),
    refused: async (request) => of(request, (one) => one.refused(request)),
    async close() {
      await endings.close();
      if (settings.store === undefined) await store.close();
    },
  };
}

/** Also what happens in the background, without a request, belongs to the tenant. */
const toTenantListener =
  <Incoming>(onEvent: OnSessionEvent<Incoming>, tenant: string): OnSessionEvent<Incoming> =>
  (event, request) =>
    onEvent({ ...event, tenant }, request);
