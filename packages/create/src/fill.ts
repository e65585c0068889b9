const MARK = /^\s*(?:\/\/|#|<!--)\s*#(if|else|endif)\b([\w -]*)(?:-->)?\s*$/;

/**
 * Keeps the wanted parts of a template: lines between `#if one another` and `#endif`, each in a comment of the file's language,
 * stay if one of the words is chosen.
 *
 * @throws {Error} if the marks do not match: a mistake in the template
 */
export function fill(text: string, words: ReadonlySet<string>): string {
  const open: { met: boolean }[] = [];
  const kept: string[] = [];
  for (const line of text.split('\n')) {
    const [, mark, list = ''] = MARK.exec(line) ?? [];
    const last = open.at(-1);
    if (mark === 'if')
      open.push({
        met: list
          .trim()
          .split(/\s+/)
          .some((word) => words.has(word)),
      });
    else if (mark !== undefined && last === undefined) throw new Error(`#${mark} without #if`);
    else if (mark === 'else' && last !== undefined) last.met = !last.met;
    else if (mark === 'endif') open.pop();
    else if (open.every(({ met }) => met)) kept.push(line);
  }
  if (open.length > 0) throw new Error('#if without #endif');
  // A removed part leaves its empty lines behind.
  return kept
    .join('\n')
    .replace(/^\n+/, '')
    .replace(/\n{3,}/g, '\n\n');
}
