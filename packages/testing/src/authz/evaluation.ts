import type { DecisionModel, Policy, Resource } from './model.ts';
import { agree, createPolicyJudge, isReadable, type PolicyJudge, type Question } from './policies.ts';

/** A resource and the scopes that are asked for; or, without a resource, a scope that no resource has. */
export interface ResourceScopes {
  readonly resource: Resource | undefined;
  readonly scopes: readonly string[];
}

/** Every permission that applies: by resource, by type, or by scope. */
function findPermissions(model: DecisionModel, { resource, scopes }: ResourceScopes): readonly Policy[] {
  const all = [...model.policies.values()];
  const about = ({ id }: Resource) => all.filter((one) => one.resources.includes(id));
  const ofType = (type: string) => all.filter((one) => one.resourceType === type && one.policies.length > 0);
  const forAny = all.filter(
    (one) =>
      one.type === 'scope' &&
      one.resources.length === 0 &&
      one.resourceType === undefined &&
      one.scopes.some((scope) => scopes.includes(scope)),
  );
  if (resource === undefined) return forAny;
  const own = [...about(resource), ...(resource.type === undefined ? [] : ofType(resource.type))];
  // A user's resource inherits from the client's resources of the same type.
  const inherited = parentsOf(model, resource).flatMap(about);
  return [...new Set([...own, ...inherited, ...forAny])];
}

/** The client's own resources of the same type, for a resource that a user owns. */
export function parentsOf(model: DecisionModel, { type, ownerId }: Resource): Resource[] {
  if (type === undefined || ownerId === model.clientId) return [];
  return [...model.resources.values()].filter((one) => one.type === type && one.ownerId === model.clientId);
}

/** A request, and whether the owner already granted it by a ticket. */
export interface RequestedPermission extends ResourceScopes {
  readonly isGranted?: boolean;
}

/**
 * Decides as Keycloak's policy evaluation does. Resources and scopes that are not granted are left out.
 *
 * @see Keycloak, Authorization Services Guide: "Policy evaluation"
 */
export function evaluate(
  model: DecisionModel,
  question: Question,
  requests: readonly RequestedPermission[],
): readonly ResourceScopes[] {
  const judge = createPolicyJudge(model, question);
  return requests.flatMap((one) => {
    const scopes = decide(model, question, judge, one);
    return scopes === undefined ? [] : [{ resource: one.resource, scopes: [...scopes] }];
  });
}

/** The granted scopes, or `undefined` if not even the resource is granted. */
function decide(
  model: DecisionModel,
  question: Question,
  judge: PolicyJudge,
  requested: RequestedPermission,
): Iterable<string> | undefined {
  const { resource, scopes } = requested;
  const isWhole = scopes.length === 0 && (resource?.scopes.length ?? 0) > 0;
  if (model.mode === 'DISABLED' || requested.isGranted === true) return isWhole ? undefined : scopes;
  const permissions = findPermissions(model, requested);
  if (permissions.length > 0) return weigh(model, question, judge, requested, permissions);
  const isOpen = model.mode === 'PERMISSIVE' && resource?.isOwnerManaged !== true;
  return isOpen && !isWhole ? scopes : undefined;
}

/** Combines the permissions: one refusal outweighs every grant, unless the client's strategy is affirmative. */
function weigh(
  model: DecisionModel,
  question: Question,
  judge: PolicyJudge,
  { resource, scopes }: RequestedPermission,
  permissions: readonly Policy[],
): Iterable<string> | undefined {
  const granted = new Set<string>();
  const denied = new Set<string>();
  const shared = new Set<string>();
  let isShared = false;
  let isResourceGranted = false;
  let isAnyDenied = false;
  let isAnySaid = false;
  const isUserOwned = resource !== undefined && resource.ownerId !== model.clientId;

  for (const permission of permissions) {
    const isOwnersShare = permission.type === 'uma' && resource?.ownerId === question.subject.id;
    const verdicts = isOwnersShare ? [true] : judge.judgeAll(permission.policies);
    // A permission without policies does not count.
    if (verdicts.length === 0) continue;
    isAnySaid = true;
    const isAboutIt = resource !== undefined && permission.resources.includes(resource.id);
    if (isReadable(permission) && agree(permission, verdicts)) {
      if (permission.type === 'scope') {
        for (const scope of scopes.filter((one) => permission.scopes.includes(one))) {
          granted.add(scope);
          if (resource !== undefined && !resource.scopes.includes(scope)) denied.delete(scope);
        }
      } else if (permission.type === 'resource') {
        for (const scope of scopes) granted.add(scope);
      } else if (permission.type === 'uma' && resource?.isOwnerManaged === true) {
        isShared = true;
        for (const scope of permission.scopes) shared.add(scope);
      }
      isResourceGranted ||= isAboutIt && (permission.type !== 'scope' || isUserOwned);
      continue;
    }
    isAnyDenied = true;
    if (permission.type === 'resource') {
      if (isAboutIt || !isResourceGranted) for (const scope of scopes) denied.add(scope);
    } else if (isAboutIt || permission.resources.length === 0) {
      for (const scope of permission.scopes) denied.add(scope);
    }
  }

  if (!isAnySaid) return undefined;
  if (model.strategy === 'AFFIRMATIVE') for (const scope of granted) denied.delete(scope);
  for (const scope of denied) granted.delete(scope);
  if (isShared) {
    for (const scope of shared) if (scopes.length === 0 || scopes.includes(scope)) granted.add(scope);
    return granted.size === 0 && (resource?.scopes.length ?? 0) > 0 ? undefined : granted;
  }
  if (!isResourceGranted && granted.size === 0 && scopes.length > 0) return undefined;
  return isAnyDenied && granted.size === 0 ? undefined : granted;
}
