import { type AuthzState, namesIn, planAuthz } from '../../../admin/index.ts';
import { type Finding, fail, ok, skipped, warn } from '../../check.ts';
import type { PathEnforcer } from '../../evidence/authz.ts';
import { applyCommand, authzCheck, some } from './settings.ts';

const authzFile = authzCheck('authz.file', async (state, { reach }) => {
  const documents = await reach.authz.documents();
  const findings = documents.flatMap((one): Finding[] => {
    if ('problems' in one)
      return [fail(one.file, `the file cannot be used: ${one.problems.join('; ')}`, 'Correct the file.')];
    if ('enforcer' in one) return [];
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

const authzEnforcer = authzCheck('authz.enforcer', async (state, { reach, options }) => {
  const enforcers = (await reach.authz.documents()).filter((one) => 'enforcer' in one);
  if (enforcers.length === 0) return skipped(NO_FILE);
  const findings = enforcers.flatMap(({ file, enforcer }): Finding[] => {
    const unknown = (enforcer.paths ?? []).flatMap((path) => findUnknown(path, enforcer, state));
    if (unknown.length === 0) return [];
    return [
      fail(
        `${file}: ${some(unknown)}`,
        'the path enforcer names what Keycloak lacks: requests for these paths are answered with 500',
        `correct the names in ${file}; or add them to the file of authz, then ${applyCommand(options)}`,
      ),
    ];
  });
  return worst(findings) ?? ok(`all names of ${enforcers.map(({ file }) => file).join(', ')} are there`);
});

const NO_FILE = 'no file (--authz <file>)';

function worst(findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ status }) => status === 'fail') ?? findings[0];
}

function findUnknown(
  path: NonNullable<PathEnforcer['paths']>[number],
  enforcer: PathEnforcer,
  { model, ids }: AuthzState,
): string[] {
  if (path['enforcement-mode'] === 'DISABLED' || enforcer['enforcement-mode'] === 'DISABLED') return [];
  const resources = [...model.lists.resources.values()];
  // Users' resources are known by id only.
  if (path.id !== undefined && ![...ids.resources.values()].includes(path.id)) return [];
  const resource = resources.find((one) =>
    path.id !== undefined
      ? ids.resources.get(one.name) === path.id
      : path.name !== undefined
        ? one.name === path.name
        : namesIn(one, 'uris').includes(path.path ?? ''),
  );
  if (resource === undefined) return [path.name ?? `a resource with the URI ${path.path}`];
  const scopes = [path, ...(path.methods ?? [])].flatMap((part) =>
    part['scopes-enforcement-mode'] === 'DISABLED' ? [] : (part.scopes ?? []),
  );
  const has = namesIn(resource, 'scopes');
  return [...new Set(scopes)].filter((one) => !has.includes(one)).map((one) => `${resource.name}#${one}`);
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

export const AUTHZ_MODEL_CHECKS = [authzFile, authzEnforcer, authzPartGranted, authzRoles];
