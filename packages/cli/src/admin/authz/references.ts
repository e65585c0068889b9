import type AdminClient from '@keycloak/keycloak-admin-client';
import { trying } from '../admin-error.ts';
import { findClient, findGroup, findUser } from '../look-up.ts';
import { namesIn } from './model.ts';
import type { AuthzPlan } from './plan.ts';

/**
 * Looks up every role, group, user, client and client scope that the steps name. Keycloak takes an unknown role in silence,
 * as a policy without roles, and answers 500 to others, half-way.
 *
 * @returns those that are not there, in words
 * @throws {AdminError} when Keycloak does not answer or refuses
 */
export async function findUnknown(api: AdminClient, realm: string, plan: AuthzPlan): Promise<string[]> {
  const known = new Map<string, boolean>();
  const unknown: string[] = [];
  for (const { action } of plan.steps) {
    if (action.type !== 'put' || action.section !== 'policies') continue;
    for (const [member, { what, isThere }] of Object.entries(LOOKUPS)) {
      for (const name of namesIn(action.item, member)) {
        const key = `${member} ${name}`;
        if (!known.has(key))
          known.set(key, await trying(`look up the ${what} ${name}`, () => isThere(api, realm, name)));
        if (!known.get(key))
          unknown.push(
            `policy ${JSON.stringify(action.item.name)}: there is no ${what} ${JSON.stringify(name)} in the realm ${realm}`,
          );
      }
    }
  }
  return unknown;
}

type Lookup = (api: AdminClient, realm: string, name: string) => Promise<boolean>;

const LOOKUPS: Readonly<Record<string, { readonly what: string; readonly isThere: Lookup }>> = {
  roles: { what: 'role', isThere: hasRole },
  groups: { what: 'group', isThere: async (...about) => (await findGroup(...about)) !== undefined },
  users: { what: 'user', isThere: async (...about) => (await findUser(...about)) !== undefined },
  clients: { what: 'client', isThere: async (...about) => (await findClient(...about)) !== undefined },
  clientScopes: {
    what: 'client scope',
    isThere: async (api, realm, name) =>
      (await api.clientScopes.find({ realm })).some((one) => one.name === name),
  },
};

/** `member` of the realm, `api/auditor` of a client. */
async function hasRole(api: AdminClient, realm: string, name: string): Promise<boolean> {
  const at = name.indexOf('/');
  if (at < 0) return !!(await api.roles.findOneByName({ realm, name }));
  const id = (await findClient(api, realm, name.slice(0, at)))?.id;
  return id !== undefined && !!(await api.clients.findRole({ realm, id, roleName: name.slice(at + 1) }));
}
