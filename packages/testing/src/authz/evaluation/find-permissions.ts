import type { DecisionModel, Policy, Resource } from '../model.ts';

/** A resource and the scopes that are asked for; or, without a resource, a scope that no resource has. */
export interface Asked {
  readonly resource: Resource | undefined;
  readonly scopes: readonly string[];
}

/** Every permission that applies: by resource, by type, or by scope. */
export function findPermissions(model: DecisionModel, { resource, scopes }: Asked): readonly Policy[] {
  const all = [...model.policies.values()];
  const isAbout = (one: Policy, { id }: Resource) => one.resources.includes(id);
  const found = new Set<Policy>();
  if (resource !== undefined) {
    for (const one of all) if (isAbout(one, resource)) found.add(one);
    for (const one of all) {
      if (resource.type !== undefined && one.resourceType === resource.type && one.policies.length > 0)
        found.add(one);
    }
    // A user's resource inherits from the client's resources of the same type.
    for (const parent of parentsOf(model, resource)) {
      for (const one of all) if (isAbout(one, parent)) found.add(one);
    }
  }
  for (const one of all) {
    const isForAnyResource = one.type === 'scope' && one.resources.length === 0;
    if (isForAnyResource && one.resourceType === undefined && overlaps(one.scopes, scopes)) found.add(one);
  }
  return [...found];
}

/** The client's own resources of the same type, for a resource that a user owns. */
export function parentsOf(model: DecisionModel, { type, ownerId }: Resource): Resource[] {
  if (type === undefined || ownerId === model.clientId) return [];
  return [...model.resources.values()].filter((one) => one.type === type && one.ownerId === model.clientId);
}

const overlaps = (some: readonly string[], others: readonly string[]): boolean =>
  some.some((one) => others.includes(one));
