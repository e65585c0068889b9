import { createHash, createHmac } from 'node:crypto';
import { type Filled, fillOptions, withoutEndSlashes } from '../core/internal.ts';
import { toCookieName } from './cookie/cookies.ts';
import { createSessionEmitter, type EmitSessionEvent } from './events.ts';
import { SESSION_RULES, type SessionOptions } from './options.ts';
import { createMemorySessionStore, type SessionStore, toTenantPrefix } from './record/store.ts';

/** {@link SessionOptions} with every default filled in. Times in milliseconds. */
export interface ResolvedSessionOptions
  extends Omit<
    Filled<SessionOptions, typeof SESSION_RULES>,
    'secret' | 'cookieName' | 'store' | 'idleSeconds' | 'maxSeconds' | 'onEvent'
  > {
  readonly secrets: readonly string[];
  readonly cookieName: string;
  readonly store: SessionStore;
  readonly idleMs: number;
  readonly maxMs: number;
  readonly emit: EmitSessionEvent;
}

/**
 * @param factory the function that takes the options, for the error
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 */
export function resolveSessionOptions<Source>(
  options: SessionOptions<Source>,
  factory = 'createSessions',
): ResolvedSessionOptions {
  // The application's functions are typed for its own requests, which are those that come.
  const { secret, idleSeconds, maxSeconds, onEvent, ...filled } = fillOptions(
    factory,
    options as SessionOptions,
    SESSION_RULES,
  );
  const { client, publicUrl, cookieName, store, clock } = filled;
  return Object.freeze({
    ...filled,
    secrets: [secret].flat(),
    publicUrl: publicUrl && withoutEndSlashes(publicUrl),
    cookieName: cookieName ?? toCookieName(client.clientId),
    store: store ?? createMemorySessionStore({ clock }),
    idleMs: idleSeconds * 1000,
    maxMs: maxSeconds * 1000,
    emit: createSessionEmitter(onEvent),
  });
}

/** A tenant, its realm, and this application in it. */
interface Tenant {
  readonly name: string;
  /** The realm's address. */
  readonly baseUrl: string;
  readonly clientId: string;
}

/**
 * The secrets, the name of the cookie and the keys in the store of one tenant, derived from those of all. A value signed or
 * sealed for one tenant is nothing to another, nor to the same tenant with another realm.
 */
export function toTenantOptions<Source>(
  { secret, cookieName }: Pick<SessionOptions<Source>, 'secret' | 'cookieName'>,
  { name, baseUrl, clientId }: Tenant,
): Pick<SessionOptions<Source>, 'secret' | 'cookieName'> & { readonly keyPrefix: string } {
  const tenant = JSON.stringify(['keycloak-guard tenant', name, baseUrl, clientId]);
  const hash = createHash('sha256').update(tenant).digest('hex').slice(0, 8);
  return {
    keyPrefix: toTenantPrefix(name),
    secret: [secret].flat().map((one) => createHmac('sha256', one).update(tenant).digest('base64url')),
    cookieName:
      cookieName === undefined
        ? toCookieName(`${clientId.slice(0, 20)} ${name} ${hash}`)
        : `${cookieName.slice(0, 71)}-${hash}`,
  };
}
