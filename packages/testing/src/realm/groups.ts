import type { GroupRepresentation } from './representation.ts';

export interface Group {
  readonly path: string;
  readonly name: string;
  readonly representation: GroupRepresentation;
  /** The group and every group above it: a member has the roles of all of them. */
  readonly lineage: readonly GroupRepresentation[];
}

/** All groups of a realm file by path, for example `/staff/dev`. */
export function toGroups(groups: readonly GroupRepresentation[] = []): ReadonlyMap<string, Group> {
  const byPath = new Map<string, Group>();
  const walk = (
    list: readonly GroupRepresentation[],
    parent: string,
    above: readonly GroupRepresentation[],
  ) => {
    for (const group of list) {
      const path = `${parent}/${group.name}`;
      const lineage = [group, ...above];
      byPath.set(path, { path, name: group.name, representation: group, lineage });
      walk(group.subGroups ?? [], path, lineage);
    }
  };
  walk(groups, '', []);
  return byPath;
}
