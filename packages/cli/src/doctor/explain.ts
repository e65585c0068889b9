import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { unescape as decode } from 'node:querystring';
import { diagnoseTokenError } from 'keycloak-guard/client';
import { type CheckResult, fail } from './check.ts';

const [MOST_CHARACTERS, MOST_RESULTS] = [50_000, 5];
/** Diagnoses that go by the shape of an answer alone, or by settings that nobody pasted. */
const BY_SHAPE = /^(refused|not-keycloak|provider-error|wrong-password|wrong-secret|device-not-signed-in)$/;

type Rule = ReturnType<typeof toRule>;
type Match = ReturnType<typeof lastMatch>[number];
type Topic = Pick<Match, 'rule' | 'text'>;
type RuleBook = ReturnType<typeof loadRules>;
type WordList = 'trade' | 'keycloak' | 'others' | 'failure' | 'harmless';

export function loadRules() {
  const home = dirname(createRequire(import.meta.url).resolve('@keycloak-guard/cli/package.json'));
  const blocks = readFileSync(join(home, 'explain.txt'), 'utf8')
    .split('\n\n')
    .map((block) => block.split('\n').filter((line) => line !== '' && !line.startsWith('#')))
    .filter((lines) => lines.length > 0);
  const rules = blocks.slice(0, -2).map(toRule);
  const [topics = [], words = []] = blocks.slice(-2).map((lines) => lines.map(toPair));
  const expressions = Object.fromEntries(words) as Readonly<Record<WordList, RegExp>>;
  const ruleOf = (id: string) => rules.find((one) => one.id === id) as Rule;
  return { rules, topics: topics.map(([id, pattern]) => ({ rule: ruleOf(id), pattern })), ...expressions };
}

function toPair(line: string): [name: string, pattern: RegExp] {
  const space = line.indexOf(' ');
  return [line.slice(0, space), new RegExp(line.slice(space + 1), 'i')];
}

/** A block of `explain.txt`; the head of that file describes its parts. */
function toRule([head = '', cause = '', fix = '', ...lines]: readonly string[]) {
  const [id = '', source = '', ...marks] = head.split(' ');
  const textsOf = (sign: string) => lines.filter((line) => line[0] === sign).map((line) => line.slice(2));
  const expressions = (sign: string) =>
    textsOf(sign).flatMap((text) => alternatives(text).map((one) => toExpression(one, sign === '~')));
  const outweighs = textsOf('>').flatMap((text) => text.split(' '));
  const certain = [...expressions('='), ...expressions('~')];
  return { id, source, marks, cause, fix, certain, possible: expressions('?'), outweighs };
}

/** Words may stand in quotation marks. One space: {@link toPlain} folds them, for looking back over any number is quadratic. */
const SPACES = { '': `["'\`]?\\s["'\`]?`, '?': '\\s?', '.': '\\W.' };

/**
 * A regular expression of a rule; `isPhrase`: it has no gap in which anything may stand.
 *
 * @param needsKeycloak certain only where the text is about Keycloak: of another program, the same words mean something else
 */
function toExpression(text: string, needsKeycloak: boolean) {
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
    depth += part === '(' ? 1 : part === ')' ? -1 : 0;
    if (part === '|' && depth === 0) parts.push('');
    else parts.push(`${parts.pop()}${part}`);
  }
  return parts;
}

/**
 * Explains words of a library, a proxy, a browser or Keycloak's log. `ok`: known for certain. `warn`: it may be this, or one of
 * these. `fail`: not known, and nothing is guessed.
 */
export function explain(pasted: string, book = loadRules()): CheckResult[] {
  const text = toPlain(pasted.slice(0, MOST_CHARACTERS));
  if (book.others.test(text) && !book.trade.test(text)) return [unknown(text)];
  const lines = text.split('\n').flatMap((line) => explainLine(book, line, text));
  const known = lines.length > 0 ? lines : explainLine(book, text, text);
  const errors = known.filter(({ id }) => !book.harmless.test(id));
  const certain = errors.filter(({ status }) => status === 'ok');
  const results = [certain, errors, known].find((some) => some.length > 0) ?? perhaps(book, text);
  return [...new Map(results.map((one) => [one.id, one])).values()].slice(0, MOST_RESULTS);
}

function perhaps(book: RuleBook, text: string): CheckResult[] {
  const possible = book.rules.flatMap((rule) => lastMatch(rule, rule.possible, text));
  const vague = possible.length > 0 ? possible : topicsOfFailure(book, text).slice(0, 2);
  return vague.length > 0 ? vague.map((one) => toResult(one, 'warn')) : [unknown(text)];
}

/** By certain words alone: one rule, or the two last ones where they contradict each other. */
function explainLine(book: RuleBook, line: string, whole: string): CheckResult[] {
  const matches = book.rules.flatMap((rule) => lastMatch(rule, rule.certain, line));
  const superfluous = new Set(matches.flatMap(({ rule }) => rule.outweighs));
  const left = matches.filter(({ rule }) => !superfluous.has(rule.id));
  const rankOf = ({ rule: { marks }, expression: { isPhrase } }: Match) =>
    isPhrase && marks.includes('root') ? 3 : marks.includes('own') ? 2 : Number(isPhrase);
  const best = Math.max(...left.map(rankOf));
  const [last, ...before] = left.filter((one) => rankOf(one) === best).sort((a, b) => b.end - a.end);
  if (last === undefined) return explainOauth(line);
  const inner = innerTopic(book, last, line);
  const rival = inner ?? before.find((one) => !isWrapped(one, last, line));
  const { rule, expression } = last;
  const isCertain =
    rival === undefined &&
    (rule.marks.includes('anywhere') || book.trade.test(whole)) &&
    (!expression.needsKeycloak || book.keycloak.test(whole)) &&
    (expression.isPhrase || topicsOfFailure(book, whole)[0]?.rule === rule);
  const both = rival === undefined ? [last] : inner === undefined ? [last, rival] : [inner, last];
  return both.map((one) => toResult(one, isCertain ? 'ok' : 'warn'));
}

/** An error wraps the one before it: 'login failed: connection refused'. */
const isWrapped = (outer: Match, inner: Match, line: string): boolean =>
  outer.expression.isPhrase &&
  inner.expression.isPhrase &&
  /: |Caused by|cause|\n|[[({]/.test(line.slice(outer.end, inner.start));

/** The topic of the text behind the words and a colon, where it is another one. */
function innerTopic(book: RuleBook, { rule, end }: Match, line: string): Topic | undefined {
  const [topic] = topicsOf(book, /^.{0,2}: (.+)/.exec(line.slice(end))?.[1] ?? '');
  return topic?.rule.id === rule.id ? undefined : topic;
}

/** The last of the phrases that match, or else of the other expressions; none or one. */
function lastMatch(rule: Rule, expressions: Rule['certain'], text: string) {
  // Most are not there at all, which is known without the copy of the expression that matchAll makes.
  const there = expressions.filter(({ pattern }) => text.search(pattern) !== -1);
  const matches = there.map((expression) => {
    const match = [...text.matchAll(expression.pattern)].at(-1) as RegExpExecArray;
    return { rule, expression, start: match.index, end: match.index + match[0].length, text: match[0] };
  });
  const phrases = matches.filter((one) => one.expression.isPhrase);
  return (phrases.length > 0 ? phrases : matches).sort((one, other) => other.end - one.end).slice(0, 1);
}

const topicsOfFailure = (book: RuleBook, text: string): Topic[] =>
  book.failure.test(text) && book.trade.test(text) ? topicsOf(book, text) : [];

/** The name of a package's file is no topic. */
function topicsOf({ topics }: RuleBook, text: string): Topic[] {
  const words = text.replace(/\S{0,200}node_modules\S{0,200}/g, '');
  return topics.flatMap(({ rule, pattern }) =>
    (pattern.exec(words) ?? []).slice(0, 1).map((seen) => ({ rule, text: seen })),
  );
}

function toResult({ rule: { id, cause, fix, source }, text }: Topic, status: 'ok' | 'warn'): CheckResult {
  const seen = `${status === 'warn' ? 'perhaps: ' : ''}'${hideSecrets(text).slice(0, 160)}'`;
  return { id: `explain.${id}`, status, seen, cause, fix: `${fix}\n${source}`.trim() };
}

function unknown(text: string): CheckResult {
  const fix =
    "Paste more of it: the lines around it, the 'Caused by' of a stack trace, Keycloak's log of that moment. Or let the doctor examine the settings: keycloak-guard doctor";
  return { id: 'explain.unknown', ...fail(text === '' ? 'nothing was pasted' : 'not known', '', fix) };
}

/** An OAuth error as JSON, query, header or `error (description)`, by the library's own diagnosis. */
function explainOauth(text: string): CheckResult[] {
  const [, error] = /\berror"?\s*[=:]\s*"?([a-z_]{4,40})\b/i.exec(text) ?? [];
  if (error === undefined) return [];
  const description =
    /error_description"?\s*[=:]\s*"?([^"&\n]{1,200})/i.exec(text)?.[1] ??
    new RegExp(`${error}\\s*\\(([^)\n]{1,200})\\)`).exec(text)?.[1];
  const diagnosis = diagnoseTokenError({ status: 400, error, description, isJson: true });
  if (BY_SHAPE.test(diagnosis.id)) return [];
  const seen = `'${hideSecrets(`${error}${description === undefined ? '' : `: ${description}`}`)}'`;
  const fix = diagnosis.fix.replace(/the option ([\w.]+)/g, "the setting for '$1'");
  return [{ id: `explain.${diagnosis.id}`, status: 'ok', seen, cause: diagnosis.cause, fix }];
}

/** Without colours, escapes and percent signs; of several spaces one is left, or the line break among them. */
const toPlain = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal
    .replace(/\u001b\[[\d;]*m/g, '')
    .replace(/\\(["'/])/g, '$1')
    .replace(/&(quot|#34);|[“”]/g, '"')
    .replace(/&(#39|apos);|[‘’]/g, "'")
    // Parameters of a sign-in are no errors, whatever their names and values.
    .replace(/(\/openid-connect\/auth\?)[^\s'"<>)]*/g, '$1…')
    .replace(/(?:%[\da-f]{2})+/gi, decode)
    .replace(/(error_description["']?\s?[=:]\s?[^&\s]*)/g, (some) => some.replaceAll('+', ' '))
    .replace(/\s{2,}/g, (spaces) => (spaces.includes('\n') ? '\n' : ' '))
    .trim();

/** People paste secrets along with an error. */
const hideSecrets = (text: string): string =>
  text
    .replace(/eyJ[\w-]{8,}(\.[\w-]*)*/g, '<token>')
    .replace(/(:\/\/[^\s/@:]*):[^\s/@]+@/g, '$1:***@')
    .replace(/\b(code\w*|\w*token|state|nonce|[\w.-]*(?:session|identity|\bsid)\w*)=[^&\s"',;]+/gi, '$1=***')
    .replace(/(--[\w-]{0,40}(?:secret|password|token)[\s=]+)\S+/gi, '$1***')
    .replace(/\b((?:bearer|basic) )[\w.~+/-]{12,}=*/gi, '$1***')
    .replace(
      /\b((?!invalid_)\w+_token|(?:access|refresh|id)token|\w*secret|pass|\w*password|t?otp)(["']?\s*[=:]\s*["']?)[^&\s"',;]+/gi,
      '$1$2***',
    );
