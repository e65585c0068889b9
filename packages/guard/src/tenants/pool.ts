import {
  AuthError,
  createMemoryRevocationStore,
  type Notice,
  OptionsError,
  type ProofStore,
  type Verifier,
  type VerifierOptions,
} from '../core/index.ts';
import {
  createBoundedCache,
  createNoticeLines,
  createRevocationHub,
  findOptionProblems,
  getOrMake,
  makeVerifier,
  partsOf,
  toSafeListener,
} from '../core/internal.ts';
import { Entry } from './entry.ts';
import { createIdentities } from './identities.ts';
import { createNewcomerCalls } from './newcomers.ts';
import { SETTING_RULES, type TenantSettings, type TenantsOptions } from './options.ts';
import { isClean, isSame, keyOf } from './settings.ts';
import { unknownTenant } from './unknown-tenant.ts';

/** The realms in memory, each made when it is first needed. */
export interface TenantPool {
  /**
   * The verifier of a tenant. No I/O.
   *
   * @throws {AuthError} `tenant_unknown` for a name that is no realm's, `provider_misconfigured` for realms that are mixed up
   * @throws {OptionsError} for settings that are wrong
   */
  of(settings: TenantSettings): Verifier<object>;
  /**
   * The verifier that stands for one of this pool now: another one where that has left memory. Asks the realm who it is, unless it
   * has answered before. For calls that no token is verified for.
   *
   * @throws {AuthError} (rejects with one) as `of`, or `provider_…` if the realm does not answer
   */
  ready(verifier: object | undefined): Promise<Verifier<object>>;
  /** Those that have answered, and are in memory. */
  readonly members: readonly Verifier<object>[];
  close(): Promise<void>;
}

/** Names that were never seen to be realms do not push out those that were. */
const MOST_NEWCOMERS = 1_000;
const REMEMBER_UNKNOWN_MS = 30_000;
const MOST_MET = 100_000;
/** One timer for all: each second it looks at a part of them. */
const LOOK_EVERY_MS = 1_000;
const LOOKS_FOR_ALL = 15;
/** Keys of a tenant that is in use are loaded again in the background. Unit: seconds. */
const IN_USE_SECONDS = 60;
/** One notice in this time for an outage of a server, however many tenants have their realm there. */
const TELL_EVERY_MS = 10_000;
const OUTAGES: ReadonlySet<string> = new Set(['keys_unavailable', 'provider_unavailable']);

/** The bounds of a pool, filled in. */
export type Bounds = { readonly [K in 'maxTenants' | 'tenantIdleSeconds']: NonNullable<TenantsOptions[K]> };
type Common = Partial<VerifierOptions<object>>;

/** @param common the options that all tenants share */
export function createTenantPool(common: Common, { maxTenants, tenantIdleSeconds }: Bounds): TenantPool {
  const known = new Map<string, Entry>();
  /** The one of each realm that was asked for last: most often it is meant again. */
  const latest = new Map<string | undefined, Entry>();
  const newcomers = createBoundedCache<Entry>(MOST_NEWCOMERS);
  /** Realms that answered once, in memory or not. */
  const met = createBoundedCache<true>(MOST_MET);
  const entryOf = new WeakMap<object, Entry>();
  const hub = createRevocationHub(common.revocationStore);
  // Ids that may be used once outlive their tenant: one that was pushed out and comes back must not take a proof again.
  const stores = createBoundedCache<ProofStore>(maxTenants * 2);
  const calls = createNewcomerCalls(common.timeoutMs ?? 5_000);
  const told = createBoundedCache<number>(MOST_NEWCOMERS);
  const listener = common.onNotice === undefined ? undefined : toSafeListener(common.onNotice);
  const home = common.serverUrl && new URL(common.serverUrl).origin;
  const identities = createIdentities<Entry>(home, (entry, message, fix) =>
    sometimes(message, () =>
      entry.verifier.notify({ level: 'error', code: 'tenant_conflict', message, fix }),
    ),
  );
  let now = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let turn: Iterator<Entry> = [][Symbol.iterator]();

  /** Made for the first message or proof. Revocations themselves are in the hub. */
  function idsOf(key: string): ProofStore {
    const own = () => getOrMake(stores, key, () => createMemoryRevocationStore(common.clock));
    return {
      add: async () => {},
      subscribe: () => () => {},
      useOnce: async (id, until) => own().useOnce(id, until),
      useProofOnce: async (id, until) => own().useProofOnce(id, until),
    };
  }

  function make(key: string, settings: TenantSettings): Entry {
    const problems = findOptionProblems(settings, SETTING_RULES);
    if (problems.some(({ option }) => option === 'realm' || option === 'tenant') || !isClean(settings)) {
      throw unknownTenant(`${settings.tenant ?? settings.realm} cannot be the name of a realm`);
    }
    if (problems.length > 0) throw new OptionsError('tenants', problems);
    const { realm = '', serverUrl = common.serverUrl, tenant = realm } = settings;
    const lines = listener ?? createNoticeLines(`${serverUrl}, realm ${realm}`);
    const verifierOf = (entry: Entry) =>
      makeVerifier<object>(
        {
          ...common,
          ...settings,
          tenant,
          revocationStore: common.revocationStore ?? idsOf(key),
          fetch: (input, init) => call(entry, () => (common.fetch ?? fetch)(input, init)),
          onNotice: (notice) => tell(entry, notice, lines),
        } as VerifierOptions<object>,
        { hub, assertItself: () => identities.assertItself(entry) },
      );
    const entry = new Entry(key, settings, { realm, tenant }, now, verifierOf);
    entryOf.set(entry.verifier, entry);
    return entry;
  }

  async function call(entry: Entry, ask: () => Promise<Response>): Promise<Response> {
    if (entry.isKnown || met.get(entry.issuer.baseUrl)) return ask();
    const response = await calls.run(entry.server, ask);
    if (response.status === 404) entry.unknownUntil = performance.now() + REMEMBER_UNKNOWN_MS;
    return response;
  }

  function tell(entry: Entry, notice: Notice, lines: (notice: Notice) => void): void {
    if (notice.code === 'keys_loaded') meet(entry);
    const say = () => lines({ ...notice, tenant: entry.name });
    if (OUTAGES.has(notice.code)) sometimes(`${entry.server} ${notice.code} ${entry.isKnown}`, say);
    else say();
  }

  function sometimes(what: string, act: () => void): void {
    if ((told.get(what) ?? 0) > performance.now()) return;
    told.set(what, performance.now() + TELL_EVERY_MS);
    act();
  }

  /** Keycloak has answered about this realm. */
  function meet(entry: Entry): void {
    if (entry.isKnown || entry.isClosed) return;
    newcomers.delete(entry.key);
    if (known.size >= maxTenants) end(leastRecent());
    entry.isKnown = true;
    entry.handed = entry.verifier;
    known.set(entry.key, entry);
    met.set(entry.issuer.baseUrl, true);
  }

  function leastRecent(): Entry {
    let oldest: Entry | undefined;
    for (const one of known.values()) if (oldest === undefined || one.usedAt < oldest.usedAt) oldest = one;
    return oldest as Entry;
  }

  function end(entry: Entry): void {
    entry.isClosed = true;
    if (latest.get(entry.realm) === entry) latest.delete(entry.realm);
    known.delete(entry.key);
    newcomers.delete(entry.key);
    identities.drop(entry);
    void entry.verifier.close();
  }

  function look(): void {
    now++;
    for (let left = Math.ceil(known.size / LOOKS_FOR_ALL); left > 0; left--) {
      let next = turn.next();
      if (next.done) {
        turn = known.values();
        next = turn.next();
      }
      if (next.done) break;
      const idleSeconds = ((now - next.value.usedAt) * LOOK_EVERY_MS) / 1000;
      if (idleSeconds > tenantIdleSeconds) end(next.value);
      else if (idleSeconds <= IN_USE_SECONDS) partsOf(next.value.verifier)?.refreshKeys();
    }
    const oldest = newcomers.oldest();
    if (oldest !== undefined && now - oldest.usedAt > tenantIdleSeconds) end(oldest);
    if (known.size + newcomers.size === 0) stop();
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function add(key: string, settings: TenantSettings): Entry {
    const entry = make(key, settings);
    const oldest = newcomers.size === MOST_NEWCOMERS ? newcomers.oldest() : undefined;
    if (oldest !== undefined) end(oldest);
    newcomers.set(key, entry);
    timer ??= setInterval(look, LOOK_EVERY_MS);
    timer.unref?.();
    return entry;
  }

  function find(settings: TenantSettings): Entry {
    const last = latest.get(settings.realm);
    if (last !== undefined && isSame(last.settings, settings)) return last;
    const key = keyOf(settings);
    const entry = known.get(key) ?? newcomers.get(key);
    if (entry === undefined) return add(key, settings);
    if (isSame(entry.settings, settings)) {
      if (entry.isKnown) latest.set(entry.realm, entry);
      return entry;
    }
    // The settings that it was made with have changed, its secret for example.
    const next = add(key, settings);
    const message = `The settings of the tenant ${entry.name} have changed: it is made again`;
    sometimes(message, () => entry.verifier.notify({ level: 'info', code: 'tenant_changed', message }));
    end(entry);
    newcomers.set(key, next);
    return next;
  }

  function use(entry: Entry): Entry {
    entry.usedAt = now;
    if (entry.isKnown) identities.assertItself(entry);
    else if (entry.unknownUntil !== 0) entry.assertNotUnknown();
    return entry;
  }

  return {
    of: (settings) => use(find(settings)).handed,
    async ready(verifier) {
      const made = verifier && entryOf.get(verifier);
      if (made === undefined) {
        throw new AuthError('provider_misconfigured', 'The principal was made by no tenant of this guard');
      }
      const { key, settings } = made;
      const entry = use(made.isClosed ? (known.get(key) ?? newcomers.get(key) ?? add(key, settings)) : made);
      if (entry.isKnown) return entry.verifier;
      await entry.verifier.load();
      entry.assertNotUnknown();
      const { lastError } = entry.verifier.status();
      // The next one who asks begins again.
      if (lastError !== null) {
        end(entry);
        throw lastError;
      }
      return use(entry).verifier;
    },
    get members() {
      return [...known.values()].map(({ verifier }) => verifier);
    },
    async close() {
      stop();
      hub.close();
      const last = [...known.values()];
      for (let one = newcomers.oldest(); one !== undefined; one = newcomers.oldest()) end(one);
      for (const one of last) end(one);
      await Promise.all(last.map(({ verifier }) => verifier.close()));
    },
  };
}
