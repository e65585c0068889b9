import type { Reach } from '../../context.ts';
import type { DecodedJwt } from '../../evidence/jwt.ts';
import { findKeyFate } from '../../evidence/key-history.ts';

interface Words {
  readonly cause: string;
  readonly fix: string;
}

/** Why the realm does not have the key that a token names. */
export async function explainUnknownKey(jwt: DecodedJwt | undefined, reach: Reach): Promise<Words> {
  const { realm, serverUrl } = reach.caller;
  const kid = jwt?.header.kid ?? '(none named)';
  const [iss, issuer] = [jwt?.claims.iss, (await reach.realm.discovery()).json?.issuer];
  if (iss !== issuer) {
    return {
      cause: `the token is from '${iss}', and this realm issues as '${issuer}': it has no key '${kid}'`,
      fix: 'Log in at the Keycloak and the realm that KEYCLOAK_SERVER_URL and KEYCLOAK_REALM name, or correct those.',
    };
  }
  const again = 'Log in again: no old token is good any more.';
  const passive = 'When rotating keys leave the old one passive for longer than a token lives.';
  switch (jwt === undefined ? 'gone' : await findKeyFate(jwt, reach)) {
    case 'elsewhere':
      return {
        cause: `${serverUrl} is several Keycloaks that do not share their keys: the token's key '${kid}' is published by one of them, and not by another`,
        fix: oneDatabase(serverUrl),
      };
    case 'disabled':
      return {
        cause: `the key '${kid}' that signed the token is still in the realm '${realm}', but it is disabled, so nobody can verify the token`,
        fix: `Realm settings > Keys > Providers > the key's provider: Enabled ON and Active OFF (passive), until the last old token has expired. Or log in again.`,
      };
    case 'realm-recreated':
      return {
        cause: `the realm '${realm}' was made anew after the token was issued (deleted and created, or imported into an empty Keycloak): every key of it is younger than the token, and its key '${kid}' is gone`,
        fix: `${again} Users and sessions of the old realm are gone too. To keep tokens over a restart give Keycloak a database that stays (a volume for /opt/keycloak/data, or KC_DB), or export the realm with its keys.`,
      };
    case 'rotated-away':
      return {
        cause: `the key '${kid}' that signed the token was rotated away or disabled: the realm '${realm}' has older keys than the token, and publishes this one no longer`,
        fix: `${again} ${passive}`,
      };
    default:
      return {
        cause: `the realm '${realm}' has no key '${kid}' (any more): the key was rotated away or disabled, or the realm was made anew (deleted and created, or imported into an empty Keycloak)`,
        fix: `${again} ${passive}`,
      };
  }
}

/** The fix for several Keycloaks behind one name. */
export const oneDatabase = (address: string): string =>
  `Let all Keycloaks behind ${address} be one cluster: the same database (KC_DB, KC_DB_URL) and cache (KC_CACHE=ispn), or take the others out of the proxy and out of the DNS name.`;
