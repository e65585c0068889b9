import type { AuthzState } from '../../admin/authz/current.ts';
import { namesIn } from '../../admin/authz/model.ts';
import { planAuthz } from '../../admin/authz/plan.ts';
import { type Answer, toWords } from '../../keycloak/call.ts';
import { judgeStranger } from '../../keycloak/finding.ts';
import { networkZoneOf } from '../../settings/address.ts';
import { toShellWord } from '../../terminal/output.ts';
import {
  type Check,
  check,
  checkOf,
  type Finding,
  fail,
  failOn,
  kcadm,
  type Look,
  NO_ADMIN,
  ok,
  onPage,
  refusalOf,
  skipped,
  warn,
} from '../check.ts';
import type { DoctorOptions } from '../options.ts';

function applyCommand({ authzFiles }: Pick<DoctorOptions, 'authzFiles'>): string {
  const file = authzFiles.find((one) => /(^|\/)authz\.\w+$/.test(one));
  return `keycloak-guard authz apply${file === undefined || /^(\.\/)?authz\.\w+$/.test(file) ? '' : ` --file ${toShellWord(file)}`}`;
}

const authzCheck = (id: string, look: Look<AuthzState>): Check =>
  checkOf({ find: ({ reach }) => reach.authz.state(), otherwise: NO_ADMIN }, id, ['authz.enabled'], look);

function some(names: readonly string[]): string {
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
  if (/^unauthorized_client/i.test(words))
    return say(
      `the client '${clientId}' has no service account: ${guards}`,
      `${onPage(reach, 'Settings > Capability config > Service accounts roles ON')}\n${kcadm(reach, 'serviceAccountsEnabled=true')}`,
    );
  if (/uma_protection/.test(words))
    return say(
      `the service account of '${clientId}' has lost the role uma_protection: ${guards}`,
      onPage(reach, 'Service accounts roles > Assign role > Client roles: uma_protection'),
    );
  const state = await toState(reach.authz.state);
  if (/not_supported/.test(words) || state?.model.switches.allowRemoteResourceManagement === false)
    return fail(
      /not_supported/.test(words) ? seen : 'Remote resource management is off',
      `remote resource management is off: ${guards}, and users cannot share`,
      onPage(reach, 'Authorization > Settings > Remote resource management ON'),
    );
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

const authzEnforcement = authzCheck('authz.enforcement', (state, { reach, options }) => {
  const mode = state.model.switches.policyEnforcementMode ?? 'ENFORCING';
  if (mode === 'ENFORCING') return ok(mode);
  // On a developer's own machine it is probably intended.
  const judge = networkZoneOf(new URL(reach.caller.serverUrl).hostname) === 'this-machine' ? warn : fail;
  return judge(
    mode,
    mode === 'DISABLED'
      ? 'the policy enforcement is DISABLED: every permission is granted to everybody'
      : 'the policy enforcement is PERMISSIVE: requests that no permission covers are granted to everybody',
    `"policyEnforcementMode": "ENFORCING" in the file, then ${applyCommand(options)}`,
  );
});

/** Keycloak up to 26.4 creates it with new authorization services. */
const authzDefaultPermission = authzCheck('authz.default-permission', (state, { reach, options }) => {
  const { lists } = state.model;
  const permission = lists.permissions.get('Default Permission');
  if (permission === undefined || !namesIn(permission, 'policies').includes('Default Policy'))
    return ok('no default permission');
  return fail(
    '"Default Permission", by "Default Policy"',
    'Default Permission, which comes with the authorization services of a new client up to Keycloak 26.4, grants every user every resource of its type: with a path enforcer every path that has no resource of its own',
    `${applyCommand(options)} --prune, with all that is to stay in the file; or ${onPage(reach, 'Authorization > Permissions > Default Permission > Delete')}`,
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

const authzFile = authzCheck('authz.file', async (state, { reach }) => {
  const documents = await reach.authz.documents();
  const findings = documents.flatMap((one): Finding[] => {
    if ('problems' in one)
      return [fail(one.file, `the file cannot be used: ${one.problems.join('; ')}`, 'Correct the file.')];
    const { steps } = planAuthz(one.model, state, false);
    if (steps.length === 0) return [];
    const missing = steps.filter(({ kind, action }) => kind === 'create' && action.type === 'put');
    const subjects = (missing.length > 0 ? missing : steps).map(({ subject }) => subject);
    const fix = applyCommand({ authzFiles: [one.file] });
    return missing.length > 0
      ? [
          fail(
            `${one.file}: ${some(subjects)}`,
            'the file has entries that Keycloak lacks: a guard that names one answers 500',
            fix,
          ),
        ]
      : [
          warn(
            `${one.file}: ${some(subjects)}`,
            'Keycloak differs from the file: it decides by what Keycloak has',
            fix,
          ),
        ];
  });
  return (
    worst(findings) ??
    (documents.some((one) => 'model' in one) ? ok('Keycloak matches the file') : skipped(NO_FILE))
  );
});

const NO_FILE = 'no file (--authz <file>)';

function worst(findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ status }) => status === 'fail') ?? findings[0];
}

/** Scopes that cannot be granted, beside others of the same resource that can. */
const authzPartGranted = authzCheck('authz.part-granted', (state, { options }) => {
  const { switches } = state.model;
  if ((switches.policyEnforcementMode ?? 'ENFORCING') !== 'ENFORCING')
    return skipped(`the policy enforcement is ${switches.policyEnforcementMode}`);
  // Permissions that a file cannot contain may cover any of them.
  if ([...state.foreign.values()].some((type) => type === 'resource' || type === 'scope'))
    return skipped('there are permissions about resources of users too');
  const parts = findParts(state);
  if (parts.length === 0) return ok('permissions cover all scopes of a resource, or none');
  return warn(
    some(parts),
    'no permission covers these, though one covers other scopes of the same resource: nobody is ever granted them, but Keycloak answers result: true to a request for them together with a granted one',
    `a permission about each in the file, or without the scope at its resource; then ${applyCommand(options)}`,
  );
});

function findParts({ model: { lists } }: AuthzState): string[] {
  const permissions = [...lists.permissions.values()];
  return [...lists.resources.values()].flatMap((resource) => {
    const scopes = namesIn(resource, 'scopes');
    const isCovered = (scope: string) =>
      permissions.some((one) => {
        const [resources, scopeNames] = [namesIn(one, 'resources'), namesIn(one, 'scopes')];
        const isAbout =
          resources.includes(resource.name) ||
          (one.resourceType !== undefined && one.resourceType === resource.type) ||
          (resources.length === 0 && one.resourceType === undefined);
        return isAbout && (scopeNames.length === 0 || scopeNames.includes(scope));
      });
    const lost = scopes.filter((scope) => !isCovered(scope));
    return lost.length === scopes.length ? [] : lost.map((scope) => `${resource.name}#${scope}`);
  });
}

const authzRoles = authzCheck('authz.roles', async (state, { reach, options }) => {
  const byToken = [...state.model.lists.policies.values()]
    .filter(({ type, fetchRoles }) => type === 'role' && fetchRoles !== true)
    .map(({ name }) => JSON.stringify(name));
  if (byToken.length === 0) return ok('roles as they are now');
  const seen = `${some(byToken)}: by the roles of the token`;
  // This is Keycloak's default for new policies, so only warn if permissions are asked about.
  if (!options.authz || !(await reach.authz.canFetchRoles())) return ok(seen);
  return warn(
    seen,
    'a role that is taken away counts until the token is renewed, and a lightweight token has no roles at all',
    `"fetchRoles": true at these policies in the file (keycloak-guard authz export writes one), then ${applyCommand(options)}`,
  );
});

export const AUTHZ_MODEL_CHECKS = [authzFile, authzPartGranted, authzRoles];
