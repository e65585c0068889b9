import { type Check, fail, ok, skipped } from '../../check.ts';
import { findLost, REACH_IT } from './directories.ts';

/** Whether Keycloak reaches the directories that the realm gets users from. */
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
    return fail(names, `Keycloak does not reach ${lost.join(', ')}: their users cannot log in`, REACH_IT);
  },
};
