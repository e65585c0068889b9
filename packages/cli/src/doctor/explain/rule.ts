/** Words that say something, and how exactly. */
export interface Words {
  readonly pattern: RegExp;
  /** A fixed phrase: no gap in which anything may stand. */
  readonly isPhrase: boolean;
  /** They say it of Keycloak alone: of another program the same words mean something else. */
  readonly needsKeycloak: boolean;
}

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
  readonly surely: readonly Words[];
  /** Words that often say this, and sometimes something else. */
  readonly maybe: readonly Words[];
}

/**
 * Reads a table of rules. A rule is a block: name and source, the cause, the fix, then regular expressions, of which one has to
 * match: `=` for words that leave no doubt, `~` for those that leave none where the text is about Keycloak, `?` for others.
 * A space in them is any white space, with a quotation mark or without; upper and lower case are the same.
 */
export function table({ raw: [text = ''] }: TemplateStringsArray): readonly Rule[] {
  return text
    .trim()
    .split('\n\n')
    .map((block) => {
      const [head = '', cause = '', fix = '', ...lines] = block.split('\n');
      const [id = '', source = ''] = head.split(' ');
      const words = (marks: string) =>
        lines
          .filter((line) => marks.includes(line[0] ?? ''))
          .flatMap((line) => alternatives(line.slice(2)).map((one) => toWords(one, line.startsWith('~'))));
      return { id, source, cause, fix, surely: words('=~'), maybe: words('?') };
    });
}

/** Words may stand in quotation marks. */
const SPACES = { '': `["'\`]?\\s+["'\`]?`, '?': '\\s*', '.': '\\W.' };

function toWords(text: string, needsKeycloak: boolean): Words {
  return {
    pattern: new RegExp(
      text.replace(/\[[^\]]*\]| ([?.]?)/g, (all, next?: keyof typeof SPACES) =>
        next === undefined ? all : SPACES[next],
      ),
      'gi',
    ),
    isPhrase: !/\.\{|\.\*|\\[wS][*+{]|\[\^/.test(text),
    needsKeycloak,
  };
}

/** `a|(b|c)` is `a` and `(b|c)`. */
function alternatives(text: string): string[] {
  const found = [''];
  let depth = 0;
  for (const part of text.split(/(\\.|\[(?:\\.|[^\]])*\]|[()|])/)) {
    if (part === '(') depth += 1;
    if (part === ')') depth -= 1;
    if (part === '|' && depth === 0) found.push('');
    else found.push(`${found.pop()}${part}`);
  }
  return found;
}
