/** A text (a member's name where a colon follows), or where an object or a list begins or ends. */
const JSON_TOKEN = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|([[{])|[\]}]/g;

/** Names that come twice among the members of an object, of which `JSON.parse` takes the last. The text is known to be JSON. */
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
