/** What words of a library, a proxy, a browser or Keycloak mean. */
export interface Rule {
  /** Stable name: `explain.<id>` in the report. */
  readonly id: string;
  /** Where that is documented. */
  readonly source: string;
  /** What happened, and why. */
  readonly cause: string;
  readonly fix: string;
  /** Words that say this and nothing else. */
  readonly surely: RegExp | undefined;
  /** Words that often say this, and sometimes something else. */
  readonly maybe: RegExp | undefined;
}

/**
 * Reads a table of rules. A rule is a block: name and source, the cause, the fix, then regular expressions, of which one has to
 * match: `=` for words that leave no doubt, `?` for others. A space in them is any white space; upper and lower case are the same.
 */
export function table({ raw: [text = ''] }: TemplateStringsArray): readonly Rule[] {
  return text
    .trim()
    .split('\n\n')
    .map((block) => {
      const [head = '', cause = '', fix = '', ...words] = block.split('\n');
      const [id = '', source = ''] = head.split(' ');
      const any = (mark: string) => {
        const own = words.filter((line) => line.startsWith(mark)).map((line) => line.slice(2));
        return own.length === 0
          ? undefined
          : new RegExp(own.join('|').replaceAll(' ', '\\s+'), mark === '=' ? 'gi' : 'i');
      };
      return { id, source, cause, fix, surely: any('='), maybe: any('?') };
    });
}
