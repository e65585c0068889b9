import { type AuthzState, DEFAULTS, namesIn } from '../../../admin/index.ts';
import { type Answer, toWords } from '../../../keycloak/call.ts';
import { judgeStranger } from '../../../keycloak/finding.ts';
import { networkZoneOf } from '../../../settings/address.ts';
import { toShellWord } from '../../../terminal/shell-word.ts';
import {
  type Check,
  check,
  checkOf,
  fail,
  failOn,
  type Look,
  NO_ADMIN,
  ok,
  skipped,
  warn,
} from '../../check.ts';
import type { DoctorOptions } from '../../options.ts';
import { kcadm, kcadmDelete, kcadmServer, kcadmServiceRole, onPage, refusalOf } from '../../words.ts';

export function applyCommand({ authzFiles }: Pick<DoctorOptions, 'authzFiles'>): string {
  const file = authzFiles.find((one) => /(^|\/)authz\.\w+$/.test(one));
  return `keycloak-guard authz apply${file === undefined || /^(\.\/)?authz\.\w+$/.test(file) ? '' : ` --file ${toShellWord(file)}`}`;
}

export const authzCheck = (id: string, look: Look<AuthzState>): Check =>
  checkOf({ find: ({ reach }) => reach.authz.state(), otherwise: NO_ADMIN }, id, ['authz.enabled'], look);

export function some(names: readonly string[]): string {
  const most = 5;
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ');
}

/** Whether this client has authorization services. If not, the other checks are skipped; it only fails with `--authz`. */
const authzEnabled = check('authz.enabled', ['client.secret'], async ({ reach, options }) => {
  const answer = await reach.authz.protection();
  const state = await toState(reach.authz.state);
  const isOff =
    state === undefined
      ? /^unauthorized_client|invalid_clientId|registered as a resource server/i.test(refusalOf(answer))
      : !state.isOn;
  // An answer of a proxy, or about a stale token, says nothing about these services.
  const isKnown = state !== undefined || options.authz || isOfResourceServer(answer);
  if (!isOff && !isKnown) return skipped(toWords(answer));
  if (!isOff) return judgeStranger(answer) ?? ok('on');
  const { clientId } = reach.caller;
  if (!options.authz) return skipped(`the client '${clientId}' has no authorization services`);
  return fail(
    state === undefined ? toWords(answer) : 'off',
    `authorization is off at the client '${clientId}': every question about a permission is refused, and a guard of one answers 500`,
    `${applyCommand(options)}, which switches it on\n${kcadm(reach, 'serviceAccountsEnabled=true', 'authorizationServicesEnabled=true')}`,
  );
});

const authzProtection = check('authz.protection', ['authz.enabled'], async ({ reach }) => {
  const { clientId } = reach.caller;
  const answer = await reach.authz.protection();
  const seen = toWords(answer);
  const say = failOn(seen);
  const words = refusalOf(answer);
  const guards = 'guards cannot look up the names of resources, and answer 500';
  if (/^unauthorized_client/i.test(words)) {
    return say(
      `the client '${clientId}' has no service account: ${guards}`,
      `${onPage(reach, 'Settings > Capability config > Service accounts roles ON')}\n${kcadm(reach, 'serviceAccountsEnabled=true')}`,
    );
  }
  if (/uma_protection/.test(words)) {
    return say(
      `the service account of '${clientId}' has lost the role uma_protection: ${guards}`,
      kcadmServiceRole(reach, 'uma_protection'),
    );
  }
  const state = await toState(reach.authz.state);
  if (/not_supported/.test(words) || state?.model.switches.allowRemoteResourceManagement === false) {
    return fail(
      /not_supported/.test(words) ? seen : 'Remote resource management is off',
      `remote resource management is off: ${guards}, and users cannot share`,
      `${onPage(reach, 'Authorization > Settings > Remote resource management ON')}\n${kcadmServer(reach, 'allowRemoteResourceManagement=true')}`,
    );
  }
  if (answer.status === 200) return ok('the service account may look up resources');
  return say(
    `the protection API refuses the service account: ${guards}`,
    'The words above are all Keycloak says.',
  );
});

/** Whether this answer only goes to a client with authorization services. */
function isOfResourceServer(answer: Answer): boolean {
  return answer.status === 200 || /uma_protection|not_supported/.test(refusalOf(answer));
}

async function toState(look: () => Promise<AuthzState | null>): Promise<AuthzState | undefined> {
  return (await look().catch(() => null)) ?? undefined;
}

const authzEnforcement = authzCheck('authz.enforcement', async (state, { reach, options }) => {
  const mode = state.model.switches.policyEnforcementMode ?? 'ENFORCING';
  const open = (await reach.authz.documents()).find(
    (one) => 'enforcer' in one && (one.enforcer['enforcement-mode'] ?? 'ENFORCING') !== 'ENFORCING',
  );
  if (mode === 'ENFORCING' && open === undefined) return ok(mode);
  // On a developer's own machine it is probably intended.
  const judge = networkZoneOf(new URL(reach.caller.serverUrl).hostname) === 'this-machine' ? warn : fail;
  if (mode === 'ENFORCING') {
    return judge(
      `"enforcement-mode" of ${open?.file}`,
      'the path enforcer admits everybody to requests that no path covers (PERMISSIVE), or to all (DISABLED)',
      `"enforcement-mode": "ENFORCING" in ${open?.file}, and start the service again`,
    );
  }
  return judge(
    mode,
    mode === 'DISABLED'
      ? 'the policy enforcement is DISABLED: every permission is granted to everybody'
      : 'the policy enforcement is PERMISSIVE: requests that no permission covers are granted to everybody',
    `"policyEnforcementMode": "ENFORCING" in the file, then ${applyCommand(options)}\n${kcadmServer(reach, 'policyEnforcementMode=ENFORCING')}`,
  );
});

/** Keycloak up to 26.4 creates it with new authorization services. */
const authzDefaultPermission = authzCheck('authz.default-permission', (state, { reach, options }) => {
  const { lists } = state.model;
  const permission = lists.permissions.get('Default Permission');
  if (permission === undefined || !namesIn(permission, 'policies').includes('Default Policy'))
    return ok('no default permission');
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

const authzStale = authzCheck('authz.stale', async (_state, { reach }) => {
  const stale = await reach.authz.stale();
  if (stale.length === 0) return ok('Keycloak decides by what is set');
  const { realm } = reach.caller;
  return fail(
    `${stale.length === 1 ? '1 resource' : `${stale.length} resources`}: ${some(stale)}`,
    'an import changed URIs, scopes or the type of these resources, and Keycloak goes on deciding by the old values until its cache is cleared',
    `kcadm.sh create clear-realm-cache -r ${toShellWord(realm)} -s ${toShellWord(`realm=${realm}`)}`,
  );
});

export const AUTHZ_SETTINGS_CHECKS = [
  authzEnabled,
  authzProtection,
  authzEnforcement,
  authzDefaultPermission,
  authzStale,
];
