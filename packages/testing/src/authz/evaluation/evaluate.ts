import type { DecisionModel, Policy } from '../model.ts';
import { type Asked, findPermissions } from './find-permissions.ts';
import { agree, createPolicyJudge, isReadable, type PolicyJudge } from './judge-policy.ts';
import type { Question } from './subject.ts';

/** What is asked, and whether the owner already granted it by a ticket. */
export interface AskedPermission extends Asked {
  readonly isGranted?: boolean;
}

/** What is granted of a resource. */
export interface Granted extends Asked {}

/**
 * Decides as Keycloak's policy evaluation does. Resources and scopes that are not granted are left out.
 *
 * @see Keycloak, Authorization Services Guide: "Policy evaluation"
 */
export function evaluate(
  model: DecisionModel,
  question: Question,
  asked: readonly AskedPermission[],
): readonly Granted[] {
  const judge = createPolicyJudge(model, question);
  return asked.flatMap((one) => {
    const scopes = decide(model, question, judge, one);
    return scopes === undefined ? [] : [{ resource: one.resource, scopes: [...scopes] }];
  });
}

/** The granted scopes, or `undefined` if not even the resource is granted. */
function decide(
  model: DecisionModel,
  question: Question,
  judge: PolicyJudge,
  asked: AskedPermission,
): Iterable<string> | undefined {
  const { resource, scopes } = asked;
  const isWhole = scopes.length === 0 && (resource?.scopes.length ?? 0) > 0;
  if (model.mode === 'DISABLED' || asked.isGranted === true) return isWhole ? undefined : scopes;
  const permissions = findPermissions(model, asked);
  if (permissions.length > 0) return weigh(model, question, judge, asked, permissions);
  const isOpen = model.mode === 'PERMISSIVE' && resource?.isOwnerManaged !== true;
  return isOpen && !isWhole ? scopes : undefined;
}

/** Combines the permissions: one refusal outweighs every grant, unless the client's strategy is affirmative. */
function weigh(
  model: DecisionModel,
  question: Question,
  judge: PolicyJudge,
  { resource, scopes }: AskedPermission,
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
