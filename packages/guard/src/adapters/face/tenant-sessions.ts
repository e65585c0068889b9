import { createClient } from '../../client/index.ts';
import { contextOfVerifier, toClient } from '../../client/internal.ts';
import { OptionsError, type TokenVerifier, type Verifier } from '../../core/index.ts';
import { headerOf, ofEach, partsOf } from '../../core/internal.ts';
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
      'must be a function of the request where people sign in: a browser has no token',
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
    const { publicUrl = settings.publicUrl, realm = '' } = partsOf(verifier) ?? {};
    const own = toTenantOptions(settings, {
      realm,
      baseUrl: verifier.issuer.baseUrl,
      clientId: verifier.clientId,
    });
    const options = toOptions({ ...own, store, publicUrl, ...(context && { client: toClient(context) }) });
    return buildSessions(verifier as unknown as TokenVerifier, options, false, endings);
  });

  const sessionsOf = (verifier: unknown) => openedOf(verifier as Verifier<object>) as Sessions<Incoming>;

  /** @throws {AuthError} */
  function of({ source }: SessionRequest<Incoming>): Sessions<Incoming> {
    return sessionsOf(verifierOf(source as Incoming).members[0]);
  }

  /** Anybody can make up names: nothing is made for who has no session, or before the realm of a login has answered. */
  async function startLogin(request: SessionRequest<Incoming>): ReturnType<Sessions['startLogin']> {
    const realm = await tenants.ready(verifierOf(request.source as Incoming));
    return sessionsOf(realm).startLogin(request);
  }

  function authenticate(
    request: SessionRequest<Incoming>,
    isUse?: boolean,
  ): ReturnType<Sessions['authenticate']> {
    const realm = verifierOf(request.source as Incoming);
    if (headerOf(request.headers, 'cookie') === undefined) return NOBODY;
    return sessionsOf(realm.members[0]).authenticate(request, isUse);
  }

  const { prefix } = common;
  return {
    paths: toPaths(prefix),
    authenticate,
    accessToken: async (request) => of(request).accessToken(request),
    inviteToLogin: (request) => (isPageRequest(request) ? of(request).inviteToLogin(request) : null),
    stepUp: (request, signIn) => of(request).stepUp(request, signIn),
    startLogin,
    finishLogin: async (request) => of(request).finishLogin(request),
    describe: async (request) => of(request).describe(request),
    signOut: async (request) => of(request).signOut(request),
    async close() {
      await endings.close();
      if (settings.store === undefined) await store.close();
    },
  };
}

function wrong(factory: string, option: string, rule: string): OptionsError {
  const example = 'tenants: ({ hostname }) => ({ realm: realmOf(hostname) })';
  return new OptionsError(factory, [{ option, rule, example }]);
}
