import { AuthError, isAuthError, type Notice, type Verifier } from '../core/index.ts';
import { createBoundedCache, createSingleFlight, isPlainObject, NO_REALM } from '../core/internal.ts';
import { createDirectory, isTenantName } from './directory.ts';
import { createTenantNotices } from './notices.ts';
import type { FilledTenants, TenantSettings } from './options.ts';
import { copyOf, createTenantMemory, isSame, LONGEST_SECONDS, Tenant } from './tenant-memory.ts';
import { unknownTenant } from './tenant-request.ts';
import { type CommonOptions, createVerifierMaker } from './tenant-verifier.ts';

/** Settings that the directory has not confirmed for so long are not used any more. */
const LONGEST_MS = LONGEST_SECONDS * 1000;
/** A request after a pause waits so long for the settings. A directory that is slower is asked in the background. */
const PATIENCE_MS = 1_000;
/** How long a name that the directory lacks is not looked up again, and one for which it failed. */
const REMEMBER_UNKNOWN_MS = 10_000;
const REMEMBER_FAILURE_MS = 1_000;
const MOST_REFUSALS = 1_000;
/** Names that the directory had: whoever makes up others does not delay them, also where they have left memory. */
const MOST_NAMES = 100_000;

/** The error for a name, for a while. */
interface Refusal {
  readonly error: Error;
  readonly at: number;
  readonly forMs: number;
}

/** Finds tenants by name. */
export type TenantFinder = ReturnType<typeof createTenantFinder>;

/**
 * Finds tenants by name, each made when it is first needed. A name has one set of settings at a time: that which the directory
 * gave last.
 *
 * @param common the options that all tenants share
 */
export function createTenantFinder(common: CommonOptions, options: FilledTenants) {
  const { clock = () => Date.now() } = common;
  const freshMs = options.tenantSeconds * 1000;
  const memory = createTenantMemory(options.maxTenants);
  const refusals = createBoundedCache<Refusal>(MOST_REFUSALS);
  const once = createSingleFlight<Tenant>();
  const ask = createQuestion(common, options, memory, refusals);

  /** @throws {Error} at once for a name that was refused a moment ago */
  function load(name: string): Promise<Tenant> {
    const refusal = refusals.get(name);
    if (refusal !== undefined && Math.abs(clock() - refusal.at) < refusal.forMs) throw refusal.error;
    if (!isTenantName(name))
      throw unknownTenant('its name is too long, or has characters that cannot be printed', `name ${name}`);
    return once(name, () => ask.about(name));
  }

  /** The settings were confirmed a while ago: half of the time they may be used, or longer. */
  function findAgain(tenant: Tenant, ageMs: number): Verifier<object> | Promise<Verifier<object>> {
    if (ageMs >= LONGEST_MS) {
      memory.drop(tenant);
      return load(tenant.name).then(toVerifier);
    }
    let again: Promise<Tenant>;
    try {
      again = load(tenant.name);
    } catch {
      // The directory failed a moment ago.
      return tenant.verifier;
    }
    if (ageMs >= freshMs && !tenant.isUnconfirmed) return withPatience(again, tenant).then(toVerifier);
    again.catch(() => {});
    return tenant.verifier;
  }

  function find(name: string): Verifier<object> | Promise<Verifier<object>> {
    const tenant = memory.get(name);
    if (tenant === undefined) return load(name).then(toVerifier);
    const ageMs = Math.abs(clock() - tenant.lookupAt);
    return ageMs < freshMs / 2 ? tenant.verifier : findAgain(tenant, ageMs);
  }

  return {
    /**
     * The verifier of a name: at once where its settings are known.
     *
     * @throws {AuthError} (or rejects with one) `tenant_unknown`, `tenants_unavailable`, `provider_misconfigured` for settings that are wrong
     */
    find,
    /**
     * The verifier of the same tenant now, which may have left memory since.
     *
     * @throws {AuthError} (rejects with one) `tenant_unknown` if the tenant is gone, or has another realm or client; as `find`
     */
    async current(verifier: object | undefined): Promise<Verifier<object>> {
      const tenant = ask.tenantOf(verifier);
      if (tenant === undefined) {
        throw new AuthError('provider_misconfigured', 'The principal was made by no tenant of this guard');
      }
      const now = await find(tenant.name);
      if (addressOf(now) === addressOf(tenant.verifier)) return now;
      throw unknownTenant('its name stands for another realm now');
    },
    /** Whether two verifiers are of one tenant with the same settings. */
    isUnchanged(one: object | undefined, other: object | undefined): boolean {
      const [first, second] = [ask.tenantOf(one), ask.tenantOf(other)];
      return first?.name === second?.name && isSame(first?.settings, second?.settings);
    },
    /** Calls a listener when a tenant was removed, or its settings have changed. */
    onChange: ask.onChange,
    watch: memory.watch,
    has: memory.has,
    members: memory.members,
    async close(): Promise<void> {
      ask.close();
      await memory.close();
    },
  };
}

/** Asks the directory about a name, and does what it says. */
function createQuestion(
  common: CommonOptions,
  { tenants: { get } }: FilledTenants,
  memory: ReturnType<typeof createTenantMemory>,
  refusals: { set(name: string, refusal: Refusal): void; delete(name: string): void },
) {
  const { clock = () => Date.now(), timeoutMs = 5_000 } = common;
  const directory = createDirectory(get, timeoutMs);
  const verifiers = createVerifierMaker(common);
  const { notify } = createTenantNotices(common.onNotice);
  const tenants = new WeakMap<object, Tenant>();
  const names = createBoundedCache<true>(MOST_NAMES);
  const listeners = new Set<() => void>();

  function refuse(name: string, error: Error, forMs: number): never {
    refusals.set(name, { error, at: clock(), forMs });
    throw error;
  }

  /** Its settings count no more. */
  function end(tenant: Tenant, message: string): void {
    memory.drop(tenant);
    notify({ level: 'info', code: 'tenant_changed', message }, '', tenant.name);
    for (const listener of listeners) listener();
  }

  /** Reads an answer once. @throws {Error} for what is no settings, or cannot be read */
  function read(name: string, answer: unknown): TenantSettings {
    if (isPlainObject(answer)) return copyOf(answer as unknown as TenantSettings);
    throw new TypeError(`tenants: get must return the settings of ${name} as a plain object, or undefined`);
  }

  /** @throws {Error} for settings that are wrong */
  function make(name: string, settings: TenantSettings, lookupAt: number): Tenant {
    let tenant: Tenant | undefined;
    const onNotice = (notice: Notice) => {
      if (notice.code === 'keys_loaded' && tenant !== undefined) memory.welcome(tenant);
      const isNew = tenant?.hasAnswered === false && memory.peek(name) === tenant;
      const error = isNew ? tenant?.verifier.status().lastError : null;
      if (tenant !== undefined && error?.seen === NO_REALM) {
        memory.drop(tenant);
        // A stack that nobody has read holds all that was under way.
        void error.stack;
        refusals.set(name, { error, at: clock(), forMs: REMEMBER_UNKNOWN_MS });
      }
      notify(notice, tenant === undefined ? '' : new URL(tenant.verifier.issuer.baseUrl).origin, name);
    };
    const verifier = verifiers.make(name, settings, onNotice);
    tenant = new Tenant(name, settings, verifier, lookupAt);
    tenants.set(verifier, tenant);
    return tenant;
  }

  function take(name: string, answer: unknown, lookupAt: number): Tenant {
    const before = memory.peek(name);
    if (answer === undefined || answer === null) {
      names.delete(name);
      if (before !== undefined) end(before, `The tenant ${name} was removed: its connections end`);
      refuse(name, unknownTenant('the directory lacks its name', `name ${name}`), REMEMBER_UNKNOWN_MS);
    }
    let tenant: Tenant;
    try {
      const settings = read(name, answer);
      if (before !== undefined && isSame(before.settings, settings)) {
        before.lookupAt = lookupAt;
        before.isUnconfirmed = false;
        return before;
      }
      tenant = make(name, settings, lookupAt);
    } catch (error) {
      if (before !== undefined) end(before, `The settings of the tenant ${name} are not used any more`);
      const { message } = error as Error;
      notify({ level: 'error', code: 'tenant_misconfigured', message, fix: FIX }, '', name);
      const reason = `The settings of the tenant ${name} cannot be used`;
      return refuse(
        name,
        new AuthError('provider_misconfigured', reason, { cause: error }),
        REMEMBER_FAILURE_MS,
      );
    }
    memory.add(tenant);
    names.set(name, true);
    refusals.delete(name);
    if (before !== undefined)
      end(before, `The settings of the tenant ${name} have changed: it is made again`);
    return tenant;
  }

  return {
    /** @throws {Error} rejects with the refusal of the name */
    async about(name: string): Promise<Tenant> {
      const lookupAt = clock();
      let answer: unknown;
      try {
        answer = await directory.ask(name, memory.has(name) || names.get(name) === true);
      } catch (error) {
        const { reason } = error as AuthError;
        notify({ level: 'error', code: 'tenants_unavailable', message: reason, fix: FIX_DIRECTORY }, '');
        const before = memory.peek(name);
        if (before !== undefined) before.isUnconfirmed = true;
        return refuse(name, error as Error, REMEMBER_FAILURE_MS);
      }
      return take(name, answer, lookupAt);
    },
    /** The tenant that a verifier was made for. */
    tenantOf: (verifier: object | undefined): Tenant | undefined => verifier && tenants.get(verifier),
    onChange: (listener: () => void): void => void listeners.add(listener),
    close: verifiers.close,
  };
}

/** Waits for the directory, and where it fails or is slow, goes on with the tenant as it was. */
function withPatience(again: Promise<Tenant>, before: Tenant): Promise<Tenant> {
  return new Promise((resolve, reject) => {
    const goOn = () => {
      before.isUnconfirmed = true;
      resolve(before);
    };
    const late = setTimeout(goOn, PATIENCE_MS);
    again
      .then(resolve, (error: unknown) => (isUnavailable(error) ? goOn() : reject(error)))
      .finally(() => clearTimeout(late));
  });
}

const FIX = 'Look at what get of tenants returns for this name';
const FIX_DIRECTORY = 'Tenants in use go on with the settings they have, for 15 minutes';
const toVerifier = ({ verifier }: Tenant): Verifier<object> => verifier;
const isUnavailable = (error: unknown): boolean => isAuthError(error) && error.code === 'tenants_unavailable';

/** The same client of the same realm. */
const addressOf = ({ issuer, clientId }: Pick<Verifier<object>, 'issuer' | 'clientId'>): string =>
  JSON.stringify([issuer.baseUrl, issuer.pinned, clientId]);
