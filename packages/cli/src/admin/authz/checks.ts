import type AdminClient from '@keycloak/keycloak-admin-client';
import type Resource from '@keycloak/keycloak-admin-client/lib/defs/resourceRepresentation.js';
import { toAdminError, trying } from '../admin-error.ts';
import { findClient, findGroup, findUser } from '../connection.ts';
import type { AuthzState } from './current.ts';
import { namesIn } from './model.ts';
import type { AuthzPlan } from './plan.ts';

/**
 * Looks up every role, group, user, client and client scope that the steps name. Keycloak takes an unknown role in silence,
 * as a policy without roles, and answers 500 to others, half-way.
 *
 * @returns those that are not there, in words
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

const MOST_QUESTIONS = 50;

/**
 * Finds resources for which Keycloak still shows and uses the values from before an import. Keycloak reads a resource from its
 * cache, but searches by scope, type or URI in its database. So a resource is stale if a search contradicts its values. This
 * cannot detect a type that was added to a resource without one.
 *
 * @returns their names
 */
export async function findStale(
  api: AdminClient,
  { realm, clientId, clientUuid: id, model }: Pick<AuthzState, 'realm' | 'clientId' | 'clientUuid' | 'model'>,
): Promise<string[]> {
  const list = (by: object) => api.clients.listResources({ realm, id, first: 0, max: -1, ...by });
  const stale = new Set<string>();
  try {
    const known = await list({});
    for (const { by, isMatch } of questionsAbout(known, [...model.lists.scopes.keys()]).slice(
      0,
      MOST_QUESTIONS,
    )) {
      const matches = new Map((await list({ ...by, deep: false })).map((one) => [one._id, one.name]));
      for (const one of known) {
        const expected = isMatch(one);
        if (expected !== undefined && expected !== matches.has(one._id)) stale.add(one.name ?? '');
      }
    }
  } catch (error) {
    throw toAdminError(error, `search the resources of the client ${clientId}`);
  }
  return [...stale].sort();
}

interface Question {
  readonly by: object;
  /** Whether a resource would be found, were it as it is known. `undefined`: that depends on the database. */
  isMatch(resource: Resource): boolean | undefined;
}

/** Scopes and types are found by a part of their names, in any case; a URI by the whole. */
function questionsAbout(known: readonly Resource[], scopes: readonly string[]): Question[] {
  const holds = (text: string | undefined, part: string) =>
    (text ?? '').toLowerCase().includes(part.toLowerCase());
  const types = new Set(known.flatMap(({ type }) => (type ? [type] : [])));
  const uris = known.flatMap((one) => one.uris?.[0] ?? []);
  return [
    ...scopes.map((scope) => ({
      by: { scope },
      isMatch: (one: Resource) => (one.scopes ?? []).some(({ name }) => holds(name, scope)),
    })),
    ...[...types].map((type) => ({ by: { type }, isMatch: (one: Resource) => holds(one.type, type) })),
    ...uris.map((uri) => ({
      by: { uri },
      isMatch({ uris: own = [] }: Resource) {
        const isAlike = own.some((is) => is.toLowerCase() === uri.toLowerCase());
        return own.includes(uri) || (isAlike ? undefined : false);
      },
    })),
  ];
}
