import { type AuthzState, namesIn } from '../../../admin/index.ts';
import { ok, skipped, warn } from '../../check.ts';
import { applyCommand, authzCheck, some } from './say.ts';

/** Scopes that cannot be granted, beside others of the same resource that can. */
export const authzPartGranted = authzCheck('authz.part-granted', (state, { options }) => {
  const { switches } = state.model;
  if ((switches.policyEnforcementMode ?? 'ENFORCING') !== 'ENFORCING')
    return skipped(`the policy enforcement is ${switches.policyEnforcementMode}`);
  // Permissions that a file cannot contain may cover any of them.
  if ([...state.foreign.values()].some((type) => type === 'resource' || type === 'scope'))
    return skipped('there are permissions about resources of users too');
  const parts = findParts(state);
  if (parts.length === 0) return ok('permissions are about all scopes of a resource, or about none');
  return warn(
    some(parts),
    'no permission is about these, though one is about other scopes of the same resource: nobody is ever granted them, while Keycloak answers result: true to whoever asks for them together with one that is granted',
    `a permission about each in the file, or without the scope at its resource; then ${applyCommand(options)}`,
  );
});

/** Scopes without a permission, of resources whose other scopes have one. */
function findParts({ model: { lists } }: AuthzState): string[] {
  const permissions = [...lists.permissions.values()];
  return [...lists.resources.values()].flatMap((resource) => {
    const scopes = namesIn(resource, 'scopes');
    const isCovered = (scope: string) =>
      permissions.some((one) => {
        const [resources, named] = [namesIn(one, 'resources'), namesIn(one, 'scopes')];
        const isAbout =
          resources.includes(resource.name) ||
          (one.resourceType !== undefined && one.resourceType === resource.type) ||
          (resources.length === 0 && one.resourceType === undefined);
        return isAbout && (named.length === 0 || named.includes(scope));
      });
    const lost = scopes.filter((scope) => !isCovered(scope));
    return lost.length === scopes.length ? [] : lost.map((scope) => `${resource.name}#${scope}`);
  });
}

/** Whether role policies read the token's roles instead of the user's current ones. */
export const authzRoles = authzCheck('authz.roles', async (state, { reach, options }) => {
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
