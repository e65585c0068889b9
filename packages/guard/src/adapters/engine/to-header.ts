/**
 * A header of an answer that may have it already, by the application or its framework: `Vary` grows, and what no shared cache keeps
 * becomes no more public by `private`.
 */
export function toHeader(name: string, value: string, before: unknown): string {
  if (before === undefined || before === null) return value;
  const all = Array.isArray(before) ? before.join(', ') : String(before);
  if (name === 'vary') {
    const names = all.toLowerCase().split(/ *, */);
    return names.includes('*') || names.includes(value.toLowerCase()) ? all : `${all}, ${value}`;
  }
  return name === 'cache-control' && value === 'private' && /\b(private|no-store)\b/i.test(all) ? all : value;
}
