import {
  AuthError,
  isAuthError,
  OptionsError,
  type TokenVerifier,
  type Verifier,
  type VerifierOptions,
} from '../core/index.ts';
import {
  createBoundedCache,
  createRevocationHub,
  findOptionProblems,
  makeVerifier,
  observedBy,
  observeFetch,
  partsOf,
  readBody,
} from '../core/internal.ts';
import { Entry, type EntryHost } from './entry.ts';
import { createIdentities } from './identities.ts';
import { createNewcomerCalls } from './newcomers.ts';
import { createTenantNotices } from './notices.ts';
import { SETTING_RULES, type TenantSettings, type TenantsOptions } from './options.ts';
import { isClean, isSame, keyOf } from './settings.ts';
import { unknownTenant } from './unknown-tenant.ts';
import { createUsedIds } from './used-ids.ts';

/** Names that were never seen to be realms do not push out those that were. */
const MOST_NEWCOMERS = 1_000;
const REMEMBER_UNKNOWN_MS = 30_000;
const MOST_MET = 100_000;
/** One timer for all: each second it looks at a part of them. */
const LOOK_EVERY_MS = 1_000;
const LOOKS_FOR_ALL = 15;
/** Keys of a tenant that is in use are loaded again in the background. Unit: seconds. */
const IN_USE_SECONDS = 60;

/** The bounds of a pool, filled in. */
export type Bounds = { readonly [K in 'maxTenants' | 'tenantIdleSeconds']: NonNullable<TenantsOptions[K]> };
type Common = Partial<VerifierOptions<object>>;

/** The realms in memory. */
export type TenantPool = ReturnType<typeof createTenantPool>;

/**
 * The realms in memory, each made when it is first needed.
 *
 * @param common the options that all tenants share
 */
export function createTenantPool(common: Common, { maxTenants, tenantIdleSeconds }: Bounds) {
  const known = new Map<string, Entry>();
  /** The one of each realm that was asked for last: most often it is meant again. */
  const latest = new Map<string | undefined, Entry>();
  const newcomers = createBoundedCache<Entry>(MOST_NEWCOMERS);
  /** Realms that answered once, in memory or not. */
  const met = createBoundedCache<true>(MOST_MET);
  const entryOf = new WeakMap<object, Entry>();
  const hub = createRevocationHub(common.revocationStore);
  const idsOf = createUsedIds(maxTenants * 2, common.clock);
  const watching = new Set<(verifier: Verifier<object>) => void>();
  const { timeoutMs = 5_000 } = common;
  const calls = createNewcomerCalls(timeoutMs);
  const notices = createTenantNotices(common.onNotice);
  const observed = observeFetch(common.fetch ?? fetch, common.observers ?? []);
  const home = common.serverUrl && new URL(common.serverUrl).origin;
  const identities = createIdentities<Entry>(home, (entry, message, fix) =>
    notices.tellSometimes(entry, { level: 'error', code: 'tenant_conflict', message, fix }),
  );
  let now = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let turn: Iterator<Entry> = [][Symbol.iterator]();

  function make(key: string, settings: TenantSettings): Entry {
    const problems = findOptionProblems(settings, SETTING_RULES);
    if (problems.some(({ option }) => option === 'realm' || option === 'tenant') || !isClean(settings)) {
      throw unknownTenant(`${settings.tenant ?? settings.realm} cannot be the name of a realm`);
    }
    if (problems.length > 0) throw new OptionsError('tenants', problems);
    const { serverUrl = common.serverUrl } = settings;
    if (serverUrl === undefined) {
      const { rule, example } = SETTING_RULES.serverUrl;
      throw new OptionsError('tenants', [{ option: 'serverUrl', rule, example }]);
    }
    const entry = new Entry(key, settings, serverUrl, now, host);
    entryOf.set(entry.handed, entry);
    return entry;
  }

  const host: EntryHost = {
    makeVerifier(entry) {
      const { key, settings, name } = entry;
      const verifier = makeVerifier<object>(
        {
          ...common,
          ...settings,
          tenant: name,
          revocationStore: common.revocationStore ?? idsOf(key),
          fetch: observedBy(observed, (input, init) => call(entry, input, () => observed(input, init))),
          onNotice(notice) {
            if (notice.code === 'keys_loaded') meet(entry);
            notices.tell(entry, notice);
          },
        } as VerifierOptions<object>,
        { hub, assertItself: () => identities.assertItself(entry) },
      );
      entryOf.set(verifier, entry);
      return verifier;
    },
    async findOut(entry) {
      entry.assertNotUnknown();
      if (entry.isMade || met.get(entry.baseUrl)) return;
      entry.asking ??= ask(entry).finally(() => {
        entry.asking = undefined;
      });
      await entry.asking;
    },
  };

  /** The verifier gets the answer, whatever it is, but for what says that there is no such realm. */
  async function ask(entry: Entry): Promise<void> {
    const answer = calls(entry.server, async () => {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await observed(discoveryOf(entry), { redirect: 'manual', signal });
      return new Response((await readBody(response)) || null, response);
    });
    try {
      if ((await answer).status === 404) {
        const message = `${discoveryOf(entry)} answered 404`;
        notices.tell(entry, { level: 'error', code: 'keys_unavailable', message });
        entry.unknownUntil = performance.now() + REMEMBER_UNKNOWN_MS;
        entry.assertNotUnknown();
      }
    } catch (error) {
      if (isAuthError(error)) throw error;
    }
    entry.answer = answer;
  }

  async function call(entry: Entry, input: unknown, ask: () => Promise<Response>): Promise<Response> {
    const { answer } = entry;
    if (answer !== undefined && input === discoveryOf(entry)) {
      entry.answer = undefined;
      return answer;
    }
    if (entry.isKnown || met.get(entry.baseUrl)) return ask();
    const response = await calls(entry.server, ask);
    if (response.status === 404) entry.unknownUntil = performance.now() + REMEMBER_UNKNOWN_MS;
    return response;
  }

  /** Keycloak has answered about this realm. */
  function meet(entry: Entry): void {
    if (entry.isKnown || entry.isClosed) return;
    newcomers.delete(entry.key);
    if (known.size >= maxTenants) end(leastRecent());
    entry.isKnown = true;
    entry.handed = entry.verifier;
    known.set(entry.key, entry);
    met.set(entry.baseUrl, true);
    for (const listener of watching) listener(entry.verifier);
  }

  function leastRecent(): Entry {
    let oldest: Entry | undefined;
    for (const one of known.values()) if (oldest === undefined || one.usedAt < oldest.usedAt) oldest = one;
    return oldest as Entry;
  }

  function end(entry: Entry): void {
    if (latest.get(entry.realm) === entry) latest.delete(entry.realm);
    known.delete(entry.key);
    newcomers.delete(entry.key);
    identities.drop(entry);
    void entry.close();
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
    notices.tellSometimes(entry, { level: 'info', code: 'tenant_changed', message });
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
    /**
     * The verifier of a tenant. No I/O.
     *
     * @throws {AuthError} `tenant_unknown` for a name that is no realm's, `provider_misconfigured` for realms that are mixed up
     * @throws {OptionsError} for settings that are wrong
     */
    of: (settings: TenantSettings): TokenVerifier<object> => use(find(settings)).handed,
    /**
     * The verifier that stands for one of this pool now: another one where that has left memory. Asks the realm who it is, unless
     * it has answered before. For calls that no token is verified for.
     *
     * @throws {AuthError} (rejects with one) as `of`, or `provider_…` if the realm does not answer
     */
    async ready(verifier: object | undefined): Promise<Verifier<object>> {
      const made = verifier && entryOf.get(verifier);
      if (made === undefined) {
        throw new AuthError('provider_misconfigured', 'The principal was made by no tenant of this guard');
      }
      const { key, settings } = made;
      const entry = use(made.isClosed ? (known.get(key) ?? newcomers.get(key) ?? add(key, settings)) : made);
      if (entry.isKnown) return entry.verifier;
      await host.findOut(entry);
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
    /** Calls a listener for each that comes into memory, when it has answered. Returns a function that ends it. */
    watch(listener: (verifier: Verifier<object>) => void): () => void {
      watching.add(listener);
      return () => watching.delete(listener);
    },
    /** Those that have answered, and are in memory. */
    get members(): readonly Verifier<object>[] {
      return [...known.values()].map(({ verifier }) => verifier);
    },
    async close(): Promise<void> {
      stop();
      hub.close();
      const last = [...known.values()];
      for (let one = newcomers.oldest(); one !== undefined; one = newcomers.oldest()) end(one);
      for (const one of last) end(one);
      await Promise.all(last.map((one) => one.close()));
    },
  };
}

const discoveryOf = ({ baseUrl }: Entry): string => `${baseUrl}/.well-known/openid-configuration`;
