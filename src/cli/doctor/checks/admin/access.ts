import { AdminError } from '../../../../admin/index.ts';
import { explainAdminError } from '../../../keycloak/explain-admin-error.ts';
import { type Check, fail, ok, skipped } from '../../check.ts';

const NO_ADMIN = 'no admin was given (KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD)';

export const adminLogin: Check = {
  id: 'admin.login',
  needs: ['address.keycloak'],
  async run({ reach, options }) {
    if (reach.admin === null || options.admin === undefined) return skipped(NO_ADMIN);
    const who = 'username' in options.admin ? options.admin.username : `the client ${options.admin.clientId}`;
    try {
      await reach.admin.connection();
      return ok(`${who} of the realm ${options.admin.realm}`);
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      return fail(
        `HTTP ${error.status} ${error.answer}`.trim(),
        `${who} cannot log in to the Admin API`,
        explainAdminError(error),
      );
    }
  },
};

export const adminRights: Check = {
  id: 'admin.rights',
  needs: ['admin.login', 'realm.exists'],
  async run({ reach, options }) {
    const { admin } = reach;
    if (admin === null) return skipped(NO_ADMIN);
    const views: [string, () => Promise<unknown>][] = [
      ['view-realm', admin.realm],
      ['view-clients', admin.client],
      ...(options.username === undefined
        ? []
        : [['view-users', admin.user] as [string, () => Promise<unknown>]]),
    ];
    const lacking: string[] = [];
    for (const [role, look] of views) {
      try {
        await look();
      } catch (error) {
        if (!(error instanceof AdminError) || error.kind !== 'forbidden') throw error;
        lacking.push(role);
      }
    }
    if (lacking.length === 0) return ok('this admin may look at the realm');
    const who =
      options.admin && 'clientId' in options.admin
        ? `Clients > ${options.admin.clientId} > Service account roles`
        : 'Users > the admin > Role mapping';
    return fail(
      `HTTP 403 for ${lacking.join(', ')}`,
      `this admin may not look at everything: it lacks ${lacking.join(', ')} of '${reach.caller.realm}'`,
      `${who} > Assign role > Filter by clients: realm-management ${lacking.join(', ')} (for an admin of the realm master: ${reach.caller.realm}-realm)`,
    );
  },
};
