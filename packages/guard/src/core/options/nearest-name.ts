/** The known name nearest to it: no farther than a third of its letters, or it is another word. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  const farthest = Math.max(2, Math.floor(name.length / 3));
  const distance = (one: string) => distanceOf(name.toLowerCase(), one.toLowerCase());
  return known.filter((one) => distance(one) <= farthest).sort((a, b) => distance(a) - distance(b))[0];
}

/** Letters put in, left out or replaced. */
function distanceOf(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    const above = rows[i - 1] as number[];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      row[j] = Math.min(
        (above[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (above[j - 1] as number) + (isSame ? 0 : 1),
      );
    }
    rows.push(row);
  }
  return (rows[a.length] as number[])[b.length] as number;
}
