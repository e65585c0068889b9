import { createHash, createHmac } from 'node:crypto';
import { toCookieName } from './cookie-name.ts';
import type { SessionOptions } from './options.ts';
import { toRoomPrefix } from './session-store.ts';

/** A tenant, its realm, and this application in it. */
interface Tenant {
  readonly name: string;
  /** The realm's address. */
  readonly baseUrl: string;
  readonly clientId: string;
}

/**
 * The secrets, the name of the cookie and the keys in the store of one tenant. Made of those of all, and for each another one: what
 * was signed or sealed for one tenant is nothing to another, nor to the same tenant with another realm.
 */
export function toTenantOptions<Source>(
  { secret, cookieName }: Pick<SessionOptions<Source>, 'secret' | 'cookieName'>,
  { name, baseUrl, clientId }: Tenant,
): Pick<SessionOptions<Source>, 'secret' | 'cookieName'> & { readonly keyPrefix: string } {
  const tenant = JSON.stringify(['keycloak-guard tenant', name, baseUrl, clientId]);
  const hash = createHash('sha256').update(tenant).digest('hex').slice(0, 8);
  return {
    keyPrefix: toRoomPrefix(name),
    secret: [secret].flat().map((one) => createHmac('sha256', one).update(tenant).digest('base64url')),
    cookieName:
      cookieName === undefined
        ? toCookieName(`${clientId.slice(0, 20)} ${name} ${hash}`)
        : `${cookieName.slice(0, 71)}-${hash}`,
  };
}
