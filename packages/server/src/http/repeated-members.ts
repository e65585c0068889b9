/** A string, a name if a colon follows it. */
const STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/y;

/** Repeated member names of an object in valid JSON. `JSON.parse` takes the last one. */
export function repeatedMembers(json: string): string[] {
  const seen = new Set<string>();
  const repeated: string[] = [];
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === '"') {
      STRING.lastIndex = at;
      const [text = '', colon = ''] = STRING.exec(json) ?? [];
      at = STRING.lastIndex - 1;
      if (colon === '' || depth !== 1) continue;
      const quoted = text.slice(0, text.length - colon.length);
      const name = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
      if (seen.has(name)) repeated.push(name);
      seen.add(name);
    }
  }
  return repeated;
}
