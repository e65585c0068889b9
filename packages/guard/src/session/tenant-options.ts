import { createHash, createHmac } from 'node:crypto';
import { toCookieName } from './cookie-name.ts';
import type { SessionOptions } from './options.ts';

/** The realm of a tenant, and this application in it. */
interface Tenant {
  /** The realm's address. */
  readonly baseUrl: string;
  readonly realm: string;
  readonly clientId: string;
}

/**
 * The secrets and the name of the cookie of one tenant. Made of those of all, and for each another one: what was signed or
 * sealed for one tenant is nothing to another.
 */
export function toTenantOptions<Source>(
  { secret, cookieName }: Pick<SessionOptions<Source>, 'secret' | 'cookieName'>,
  { baseUrl, realm, clientId }: Tenant,
): Pick<SessionOptions<Source>, 'secret' | 'cookieName'> {
  const tenant = JSON.stringify(['keycloak-guard tenant', baseUrl, clientId]);
  const hash = createHash('sha256').update(tenant).digest('hex').slice(0, 8);
  return {
    secret: [secret].flat().map((one) => createHmac('sha256', one).update(tenant).digest('base64url')),
    cookieName:
      cookieName === undefined
        ? toCookieName(`${clientId.slice(0, 20)} ${realm} ${hash}`)
        : `${cookieName.slice(0, 71)}-${hash}`,
  };
}
