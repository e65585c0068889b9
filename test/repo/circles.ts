/**
 * The groups of two or more that reach one another, and whoever reaches itself, each in alphabetical order: Tarjan's
 * strongly connected components.
 *
 * @param edges whom each one reaches at once
 */
export function findCircles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const found = new Map<string, { readonly at: number; lowest: number; isOpen: boolean }>();
  const open: string[] = [];
  const circles: string[][] = [];

  function visit(name: string) {
    const mine = { at: found.size, lowest: found.size, isOpen: true };
    found.set(name, mine);
    open.push(name);
    const next = edges.get(name) ?? [];
    for (const other of next) {
      const theirs = found.get(other) ?? visit(other);
      if (theirs.isOpen) mine.lowest = Math.min(mine.lowest, theirs.lowest);
    }
    if (mine.lowest < mine.at) return mine;
    const group = open.splice(open.indexOf(name));
    for (const member of group) (found.get(member) as typeof mine).isOpen = false;
    if (group.length > 1 || next.includes(name)) circles.push(group.sort());
    return mine;
  }

  for (const name of edges.keys()) if (!found.has(name)) visit(name);
  return circles.sort();
}
