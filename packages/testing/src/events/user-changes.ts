import type { Realm } from '../realm/realm.ts';
import type { UserRepresentation } from '../realm/representation.ts';
import { stableId } from '../realm/stable-id.ts';
import type { User } from '../realm/user.ts';
import type { EventLog } from './event-log.ts';

/** Records a change of a user as Keycloak's admin console makes it: one call for each kind of change. */
export function recordUserChange(
  events: EventLog,
  realm: Realm,
  before: User,
  { realmRoles, groups, credentials, ...rest }: Partial<UserRepresentation>,
): void {
  const resourcePath = `users/${before.id}`;
  if (Object.keys(rest).length > 0) {
    events.recordAdmin({ operationType: 'UPDATE', resourceType: 'USER', resourcePath }, rest);
  }
  if (credentials !== undefined) {
    const path = `${resourcePath}/reset-password`;
    events.recordAdmin({ operationType: 'ACTION', resourceType: 'USER', resourcePath: path });
  }
  for (const [operationType, names] of differences(before.representation.realmRoles, realmRoles)) {
    const change = names.map((name) => ({ id: stableId(realm.name, 'role', name), name, clientRole: false }));
    const path = `${resourcePath}/role-mappings/realm`;
    events.recordAdmin({ operationType, resourceType: 'REALM_ROLE_MAPPING', resourcePath: path }, change);
  }
  for (const [operationType, paths] of differences(before.representation.groups, groups)) {
    for (const path of paths) {
      const id = stableId(realm.name, 'group', path);
      const change = { id, name: path.split('/').at(-1), path };
      const place = `${resourcePath}/groups/${id}`;
      events.recordAdmin({ operationType, resourceType: 'GROUP_MEMBERSHIP', resourcePath: place }, change);
    }
  }
}

/** What comes and what goes. Nothing, if the list is not part of the change. */
function differences(before: readonly string[] = [], after: readonly string[] | undefined) {
  if (after === undefined) return [];
  const given = after.filter((one) => !before.includes(one));
  const taken = before.filter((one) => !after.includes(one));
  const all = [
    ['CREATE', given],
    ['DELETE', taken],
  ] as const;
  return all.filter(([, names]) => names.length > 0);
}
