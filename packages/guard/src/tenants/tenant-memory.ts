import type { Verifier } from '../core/index.ts';
import { isPlainObject, partsOf } from '../core/internal.ts';
import type { TenantSettings } from './options.ts';

/** One timer for all: each second it looks at a part of them. */
const LOOK_EVERY_MS = 1_000;
const LOOKS_FOR_ALL = 15;
/** Keys of a tenant that is in use are loaded again in the background. Unit: seconds. */
const IN_USE_SECONDS = 60;
/** A tenant that nobody used for so long leaves memory. */
export const LONGEST_SECONDS = 900;

/** A tenant in memory. A class, so that all have one shape: each request looks at another one. */
export class Tenant {
  readonly name: string;
  readonly settings: TenantSettings;
  readonly verifier: Verifier<object>;
  /** When the directory was asked for these settings. By the clock of the options, in milliseconds. */
  lookupAt: number;
  /** The directory failed, or was slow, since then. */
  isUnconfirmed = false;
  /** In seconds, by the timer of all. */
  usedAt = 0;
  /** Keycloak has answered. */
  hasAnswered = false;

  constructor(name: string, settings: TenantSettings, verifier: Verifier<object>, lookupAt: number) {
    this.name = name;
    this.settings = settings;
    this.verifier = verifier;
    this.lookupAt = lookupAt;
  }
}

/**
 * The tenants in memory, by name. What leaves it was only at hand: the directory knows the tenant.
 *
 * @param most beyond it, the one used least recently goes
 */
export function createTenantMemory(most: number) {
  const tenants = new Map<string, Tenant>();
  const watchers = new Set<(verifier: Verifier<object>) => void>();
  let seconds = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let turn: Iterator<Tenant> = [][Symbol.iterator]();

  /** A request that began before may still ask it. */
  function drop(tenant: Tenant): void {
    if (tenants.get(tenant.name) === tenant) tenants.delete(tenant.name);
    void tenant.verifier.close();
  }

  function leastRecent(): Tenant {
    let oldest: Tenant | undefined;
    for (const one of tenants.values()) if (oldest === undefined || one.usedAt < oldest.usedAt) oldest = one;
    return oldest as Tenant;
  }

  function look(): void {
    seconds++;
    for (let left = Math.ceil(tenants.size / LOOKS_FOR_ALL); left > 0; left--) {
      let next = turn.next();
      if (next.done) {
        turn = tenants.values();
        next = turn.next();
      }
      if (next.done) break;
      const idleSeconds = seconds - next.value.usedAt;
      if (idleSeconds > LONGEST_SECONDS) drop(next.value);
      else if (idleSeconds <= IN_USE_SECONDS) partsOf(next.value.verifier)?.refreshKeys();
    }
    if (tenants.size === 0) stop();
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    has: (name: string): boolean => tenants.has(name),
    peek: (name: string): Tenant | undefined => tenants.get(name),
    /** Counts as a use. */
    get(name: string): Tenant | undefined {
      const tenant = tenants.get(name);
      if (tenant !== undefined) tenant.usedAt = seconds;
      return tenant;
    },
    add(tenant: Tenant): void {
      if (tenants.size >= most && !tenants.has(tenant.name)) drop(leastRecent());
      tenant.usedAt = seconds;
      tenants.set(tenant.name, tenant);
      timer ??= setInterval(look, LOOK_EVERY_MS);
      timer.unref?.();
    },
    drop,
    /** Keycloak has answered about its realm. */
    welcome(tenant: Tenant): void {
      if (tenant.hasAnswered || tenants.get(tenant.name) !== tenant) return;
      tenant.hasAnswered = true;
      for (const listener of watchers) listener(tenant.verifier);
    },
    /** Calls a listener for each that comes into memory, when it has answered. Returns a function that ends it. */
    watch(listener: (verifier: Verifier<object>) => void): () => void {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
    /** Those that have answered. */
    members: (): readonly Verifier<object>[] =>
      [...tenants.values()].filter(({ hasAnswered }) => hasAnswered).map(({ verifier }) => verifier),
    async close(): Promise<void> {
      stop();
      const last = [...tenants.values()];
      tenants.clear();
      await Promise.all(last.map(({ verifier }) => verifier.close()));
    },
  };
}

/** Whether two settings say the same: the application may make new objects at each look-up. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) && one.length === other.length && one.every((item, at) => isSame(item, other[at]))
    );
  }
  if (isPlainObject(one)) {
    const names = isPlainObject(other) ? new Set([...Object.keys(one), ...Object.keys(other)]) : [''];
    return [...names].every((name) => isPlainObject(other) && isSame(one[name], other[name]));
  }
  // Keys and bytes have `equals`.
  const { equals } = Object(one) as { equals?: unknown };
  return (
    typeof equals === 'function' &&
    Object.getPrototypeOf(one) === Object.getPrototypeOf(Object(other)) &&
    equals.call(one, other) === true
  );
}

/** A copy of settings, without members that are `undefined`: the application may write those of another tenant into the same objects. */
export function copyOf<T>(settings: T): T {
  if (Array.isArray(settings)) return settings.map(copyOf) as T;
  if (!isPlainObject(settings)) return settings;
  const members = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members.map(([name, value]) => [name, copyOf(value)])) as T;
}
