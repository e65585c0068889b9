import { DEFAULTS, namesIn } from '../../../admin/index.ts';
import { nearnessOf } from '../../../settings/nearness.ts';
import { toShellWord } from '../../../terminal/shell-word.ts';
import { fail, ok, warn } from '../../check.ts';
import { kcadmDelete, kcadmServer } from '../../kcadm.ts';
import { applyCommand, authzCheck, some } from './say.ts';

/** Whether the enforcement is off, so that every user is granted something. */
export const authzEnforcement = authzCheck('authz.enforcement', async (state, { reach, options }) => {
  const mode = state.model.switches.policyEnforcementMode ?? 'ENFORCING';
  const open = (await reach.authz.documents()).find(
    (one) => 'enforcer' in one && (one.enforcer['enforcement-mode'] ?? 'ENFORCING') !== 'ENFORCING',
  );
  if (mode === 'ENFORCING' && open === undefined) return ok(mode);
  // On a developer's own machine it is probably intended.
  const judge = nearnessOf(new URL(reach.caller.serverUrl).hostname) === 'this-machine' ? warn : fail;
  if (mode === 'ENFORCING') {
    return judge(
      `"enforcement-mode" of ${open?.file}`,
      'the path enforcer admits everybody to what no path names (PERMISSIVE), or to everything (DISABLED)',
      `"enforcement-mode": "ENFORCING" in ${open?.file}, and start the service again`,
    );
  }
  return judge(
    mode,
    mode === 'DISABLED'
      ? 'the policy enforcement is DISABLED: every permission is granted to everybody'
      : 'the policy enforcement is PERMISSIVE: what no permission is about is granted to everybody',
    `"policyEnforcementMode": "ENFORCING" in the file, then ${applyCommand(options)}\n${kcadmServer(reach, 'policyEnforcementMode=ENFORCING')}`,
  );
});

/** Keycloak up to 26.4 creates it with new authorization services. */
export const authzDefaultPermission = authzCheck('authz.default-permission', (state, { reach, options }) => {
  const { lists } = state.model;
  const permission = lists.permissions.get('Default Permission');
  if (permission === undefined || !namesIn(permission, 'policies').includes('Default Policy'))
    return ok('none that lets everybody in');
  const deletes = DEFAULTS.flatMap(({ section, name }) => {
    const kind = section === 'resources' ? 'resources' : 'policies';
    const id = state.ids[kind].get(name);
    return id === undefined
      ? []
      : [kcadmDelete(reach, `${kind === 'resources' ? 'resource' : 'policy'}/${id}`)];
  });
  return fail(
    '"Default Permission", by "Default Policy"',
    'Default Permission, which comes with the authorization services of a new client up to Keycloak 26.4, grants every user every resource of its type: with a path enforcer every path that has no resource of its own',
    `${applyCommand(options)} --prune, with all that is to stay in the file\n${deletes.join('\n')}`,
  );
});

/** Whether Keycloak still decides by the settings from before an import. */
export const authzStale = authzCheck('authz.stale', async (_state, { reach }) => {
  const stale = await reach.authz.stale();
  if (stale.length === 0) return ok('Keycloak decides by what is set');
  const { realm } = reach.caller;
  return fail(
    `${stale.length === 1 ? '1 resource' : `${stale.length} resources`}: ${some(stale)}`,
    'an import changed URIs, scopes or the type of these resources, and Keycloak goes on deciding by the old values until its cache is cleared',
    `kcadm.sh create clear-realm-cache -r ${toShellWord(realm)} -s ${toShellWord(`realm=${realm}`)}`,
  );
});
