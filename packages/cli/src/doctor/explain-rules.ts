import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** An expression of a rule. */
export interface Words {
  readonly pattern: RegExp;
  /** A fixed phrase: no gap in which anything may stand. */
  readonly isPhrase: boolean;
  /** Certain where the text is about Keycloak: of another program the same words mean something else. */
  readonly needsKeycloak: boolean;
}

/** A block of `explain.txt`, which describes its parts. */
export interface Rule {
  /** Stable name: `explain.<id>` in the report. */
  readonly id: string;
  readonly source: string;
  readonly marks: readonly string[];
  readonly cause: string;
  readonly fix: string;
  readonly certain: readonly Words[];
  readonly possible: readonly Words[];
  /** Ids of rules that are superfluous beside this one. */
  readonly outweighs: readonly string[];
}

/** The content of `explain.txt`. */
export interface RuleBook {
  readonly rules: readonly Rule[];
  readonly topics: readonly { readonly rule: Rule; readonly pattern: RegExp }[];
  readonly trade: RegExp;
  readonly keycloak: RegExp;
  readonly others: RegExp;
  readonly failure: RegExp;
}

/** Reads `explain.txt` of this package. @throws {Error} if a topic is of no rule */
export function loadRules(): RuleBook {
  const home = dirname(createRequire(import.meta.url).resolve('@keycloak-guard/cli/package.json'));
  const text = readFileSync(join(home, 'explain.txt'), 'utf8');
  const blocks = text.split('\n\n').map((block) => block.split('\n').filter((line) => !line.startsWith('#')));
  const [words = [], topics = [], ...rest] = blocks.filter((lines) => lines.some(Boolean)).reverse();
  const rules = rest.reverse().map(toRule);
  const byName = new Map(words.filter(Boolean).map(toPair));
  const wordsOf = (name: string) => byName.get(name) ?? /(?!)/;
  return {
    rules,
    topics: topics.map(toPair).map(([id, pattern]) => {
      const rule = rules.find((one) => one.id === id);
      if (rule === undefined) throw new Error(`explain.txt: the topic ${id} is of no rule`);
      return { rule, pattern };
    }),
    ...{ trade: wordsOf('trade'), keycloak: wordsOf('keycloak') },
    ...{ others: wordsOf('others'), failure: wordsOf('failure') },
  };
}

/** `name expression` */
function toPair(line: string): [name: string, pattern: RegExp] {
  const space = line.indexOf(' ');
  return [line.slice(0, space), new RegExp(line.slice(space + 1), 'i')];
}

function toRule([head = '', cause = '', fix = '', ...lines]: readonly string[]): Rule {
  const [id = '', source = '', ...marks] = head.split(' ');
  const linesOf = (signs: string) => lines.filter((line) => line !== '' && signs.includes(line[0] ?? ''));
  const words = (signs: string) =>
    linesOf(signs).flatMap((line) => alternatives(line.slice(2)).map((one) => toWords(one, line[0] === '~')));
  const outweighs = linesOf('>').flatMap((line) => line.slice(2).split(' '));
  return { id, source, marks, cause, fix, certain: words('=~'), possible: words('?'), outweighs };
}

/** Words may stand in quotation marks. */
const SPACES = { '': `["'\`]?\\s+["'\`]?`, '?': '\\s*', '.': '\\W.' };

function toWords(text: string, needsKeycloak: boolean): Words {
  const source = text.replace(/\[[^\]]*\]| ([?.]?)/g, (all, next?: keyof typeof SPACES) =>
    next === undefined ? all : SPACES[next],
  );
  const isPhrase = !/\.\{|\.\*|\\[wS][*+{]|\[\^/.test(text);
  return { pattern: new RegExp(source, 'gi'), isPhrase, needsKeycloak };
}

/** `a|(b|c)` is `a` and `(b|c)`. */
function alternatives(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const part of text.split(/(\\.|\[(?:\\.|[^\]])*\]|[()|])/)) {
    if (part === '(') depth += 1;
    if (part === ')') depth -= 1;
    if (part === '|' && depth === 0) parts.push('');
    else parts.push(`${parts.pop()}${part}`);
  }
  return parts;
}
