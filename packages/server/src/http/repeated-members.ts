/** A string (a member's name if a colon follows), or the start or end of an object or list. */
const JSON_TOKEN = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|([[{])|[\]}]/g;

/** Repeated member names of an object in valid JSON. `JSON.parse` takes the last one. */
export function repeatedMembers(json: string): string[] {
  const seen = new Set<string>();
  const repeated: string[] = [];
  let depth = 0;
  for (const [, text, colon, start] of json.matchAll(JSON_TOKEN)) {
    if (text === undefined) depth += start === undefined ? -1 : 1;
    else if (colon !== undefined && depth === 1) {
      const name = JSON.parse(text) as string;
      if (seen.has(name)) repeated.push(name);
      seen.add(name);
    }
  }
  return repeated;
}
