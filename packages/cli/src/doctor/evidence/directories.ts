import type { AdminEvidence } from './admin.ts';

/** What to do about a directory that Keycloak cannot reach. */
export const REACH_IT =
  "User federation > the provider > Connection URL > Test connection: start the directory, correct the address, or let Keycloak through the firewall; Keycloak's log says why. Users that are in Keycloak alone can log in meanwhile.";

/** Names and addresses of the directories that Keycloak cannot reach, if this admin may ask. */
export async function findLost(admin: AdminEvidence): Promise<string[]> {
  const lost: string[] = [];
  for (const one of await admin.federations()) {
    if ((await one.isReached().catch(() => undefined)) === false) lost.push(`'${one.name}' (${one.url})`);
  }
  return lost;
}

/** How a directory may explain that a user is missing or a password refused. `undefined` if it cannot. */
export async function blameFederation(
  admin: AdminEvidence,
): Promise<{ cause: string; fix: string } | undefined> {
  const all = await admin.federations().catch(() => []);
  if (all.length === 0) return undefined;
  const lost = await findLost(admin);
  const names = all.map(({ name, url }) => `'${name}' (${url})`).join(', ');
  return lost.length > 0
    ? { cause: `Keycloak does not reach ${lost.join(', ')}, where it takes users from`, fix: REACH_IT }
    : {
        cause: `the realm takes users from ${names} too: is the user there, and in the part of it that Keycloak looks at?`,
        fix: 'User federation > the provider: Users DN, User LDAP filter, and Action > Sync all users',
      };
}
