import { type Check, fail, ok, skipped } from '../../check.ts';
import type { AdminEvidence } from '../../evidence/admin.ts';

/** Directories from which the realm takes users, and whether Keycloak reaches them. */
export const realmFederation: Check = {
  id: 'realm.federation',
  needs: ['admin.login', 'realm.exists'],
  async run({ reach }) {
    if (reach.admin === null) return skipped('no admin was given');
    const all = await reach.admin.federations();
    if (all.length === 0) return ok('none: the users are in Keycloak itself');
    const lost = await findLost(reach.admin);
    const names = all.map(({ name }) => name).join(', ');
    if (lost.length === 0) return ok(names);
    return fail(names, `Keycloak does not reach ${lost.join(', ')}: the users of it cannot log in`, FIX);
  },
};

const FIX =
  "User federation > the provider > Connection URL > Test connection: start the directory, correct the address, or let Keycloak through the firewall; Keycloak's log says why. Users that are in Keycloak alone can log in meanwhile.";

/** Names and addresses of the directories that Keycloak cannot reach, as far as this admin may ask. */
async function findLost(admin: AdminEvidence): Promise<string[]> {
  const lost: string[] = [];
  for (const one of await admin.federations()) {
    if ((await one.isReached().catch(() => undefined)) === false) lost.push(`'${one.name}' (${one.url})`);
  }
  return lost;
}

/** What a directory can have to do with a user who is not there or whose password is refused; else nothing. */
export async function blameFederation(
  admin: AdminEvidence,
): Promise<{ cause: string; fix: string } | undefined> {
  const all = await admin.federations().catch(() => []);
  if (all.length === 0) return undefined;
  const lost = await findLost(admin);
  const names = all.map(({ name, url }) => `'${name}' (${url})`).join(', ');
  return lost.length > 0
    ? { cause: `Keycloak does not reach ${lost.join(', ')}, where it takes users from`, fix: FIX }
    : {
        cause: `the realm takes users from ${names} too: is the user there, and in the part of it that Keycloak looks at?`,
        fix: 'User federation > the provider: Users DN, User LDAP filter, and Action > Sync all users',
      };
}
