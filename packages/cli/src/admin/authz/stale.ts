import type AdminClient from '@keycloak/keycloak-admin-client';
import { toAdminError } from '../admin-error.ts';
import type { AuthzState } from './current.ts';

/** No more questions than these, however many resources there are. */
const MOST_QUESTIONS = 50;

type Resource = {
  readonly _id?: string;
  readonly name?: string;
  readonly type?: string;
  readonly uris?: readonly string[];
  readonly scopes?: readonly { readonly name?: string }[];
};

/**
 * Finds resources for which Keycloak still shows and uses the values from before an import. Keycloak reads a resource from its
 * cache, but searches by scope, type or URI in its database. So a resource is stale if a search contradicts its values. This
 * cannot detect a type that was added to a resource without one.
 *
 * @returns their names
 * @throws {AdminError} when Keycloak does not answer or refuses
 */
export async function findStale(
  api: AdminClient,
  { realm, clientId, clientUuid: id, model }: Pick<AuthzState, 'realm' | 'clientId' | 'clientUuid' | 'model'>,
): Promise<string[]> {
  const list = async (by: object): Promise<Resource[]> =>
    (await api.clients.listResources({ realm, id, first: 0, max: -1, ...by })) as Resource[];
  const stale = new Set<string>();
  try {
    const known = await list({});
    for (const { by, isFound } of questionsAbout(known, [...model.lists.scopes.keys()]).slice(
      0,
      MOST_QUESTIONS,
    )) {
      const found = new Map((await list({ ...by, deep: false })).map((one) => [one._id, one.name]));
      for (const one of known) {
        const expected = isFound(one);
        if (expected !== undefined && expected !== found.has(one._id)) stale.add(one.name ?? '');
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
  isFound(resource: Resource): boolean | undefined;
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
      isFound: (one: Resource) => (one.scopes ?? []).some(({ name }) => holds(name, scope)),
    })),
    ...[...types].map((type) => ({ by: { type }, isFound: (one: Resource) => holds(one.type, type) })),
    ...uris.map((uri) => ({
      by: { uri },
      isFound({ uris: own = [] }: Resource) {
        const isAlike = own.some((is) => is.toLowerCase() === uri.toLowerCase());
        return own.includes(uri) || (isAlike ? undefined : false);
      },
    })),
  ];
}
