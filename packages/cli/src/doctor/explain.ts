import { diagnoseTokenError } from 'keycloak-guard/client';
import type { CheckResult } from './check.ts';
import { loadRules, type Rule, type RuleBook, type Words } from './explain-rules.ts';

const MOST_CHARACTERS = 50_000;
const MOST_RESULTS = 5;
/** Diagnoses that go by the shape of an answer alone, or by settings that nobody pasted. */
const BY_SHAPE = /^(refused|not-keycloak|provider-error|wrong-password|wrong-secret|device-not-signed-in)$/;

/** Words of a rule, in a text. */
interface Match {
  readonly rule: Rule;
  readonly words: Words;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Topic = Pick<Match, 'rule' | 'text'>;

/**
 * Explains words of a library, a proxy, a browser or Keycloak's log. `ok`: known for certain. `warn`: it may be this, or one of
 * these. `fail`: not known, and nothing is guessed.
 */
export function explain(pasted: string): CheckResult[] {
  const book = loadRules();
  const text = toPlain(pasted.slice(0, MOST_CHARACTERS));
  const isElsewhere = book.others.test(text) && !book.trade.test(text);
  const lines = text.split('\n').flatMap((line) => explainLine(book, line, text, isElsewhere));
  const known = lines.length > 0 ? lines : explainLine(book, text, text, isElsewhere);
  const certain = known.filter(({ status }) => status === 'ok');
  const possible = isElsewhere
    ? []
    : book.rules.flatMap((rule) => lastMatch(rule, rule.possible, text).map((one) => toResult(one, 'warn')));
  const topics = topicsOfFailure(book, text)
    .slice(0, 2)
    .map((one) => toResult(one, 'warn'));
  const results = [certain, known, possible, topics].find((some) => some.length > 0);
  if (results === undefined) return [unknown(text)];
  return [...new Map(results.map((one) => [one.id, one])).values()].slice(0, MOST_RESULTS);
}

/** By certain words alone: one rule, or the two last ones where they contradict each other. */
function explainLine(book: RuleBook, line: string, whole: string, isElsewhere: boolean): CheckResult[] {
  if (isElsewhere) return [];
  const matches = book.rules.flatMap((rule) => lastMatch(rule, rule.certain, line));
  const superfluous = new Set(matches.flatMap(({ rule }) => rule.outweighs));
  const left = matches.filter(({ rule }) => !superfluous.has(rule.id));
  const phrases = left.filter(({ words }) => words.isPhrase);
  const roots = phrases.filter(({ rule }) => rule.marks.includes('root'));
  const candidates = [roots, phrases, left].find((some) => some.length > 0) ?? [];
  const [last, ...before] = candidates.sort((one, other) => other.end - one.end);
  if (last === undefined) return explainOauth(line);
  const inner = innerTopic(book, last, line);
  const rival = inner ?? before.find((one) => !isWrapped(one, last, line));
  const isCertain =
    rival === undefined &&
    (last.rule.marks.includes('anywhere') || book.trade.test(whole)) &&
    (!last.words.needsKeycloak || book.keycloak.test(whole)) &&
    (last.words.isPhrase || topicsOfFailure(book, whole)[0]?.rule === last.rule);
  const both = rival === undefined ? [last] : inner === undefined ? [last, rival] : [inner, last];
  return both.map((one) => toResult(one, isCertain ? 'ok' : 'warn'));
}

/** An error wraps the one before it: 'login failed: connection refused'. */
const isWrapped = (outer: Match, inner: Match, line: string): boolean =>
  outer.words.isPhrase &&
  inner.words.isPhrase &&
  /: |Caused by|cause|\n|[[({]/.test(line.slice(outer.end, inner.start));

/** The topic of the text behind the words and a colon, where it is another one. */
function innerTopic(book: RuleBook, { rule, end }: Match, line: string): Topic | undefined {
  const [, inner = ''] = /^.{0,2}: (.+)/.exec(line.slice(end)) ?? [];
  const [topic] = topicsOf(book, inner);
  return topic?.rule.id === rule.id ? undefined : topic;
}

/** The last of the phrases that match, or else of the other words; none or one. */
function lastMatch(rule: Rule, words: readonly Words[], text: string): Match[] {
  const matches = words.flatMap((one) => {
    const match = [...text.matchAll(one.pattern)].at(-1);
    if (match === undefined) return [];
    return [{ rule, words: one, start: match.index, end: match.index + match[0].length, text: match[0] }];
  });
  const phrases = matches.filter((one) => one.words.isPhrase);
  return (phrases.length > 0 ? phrases : matches).sort((one, other) => other.end - one.end).slice(0, 1);
}

const topicsOfFailure = (book: RuleBook, text: string): Topic[] =>
  book.failure.test(text) && book.trade.test(text) ? topicsOf(book, text) : [];

function topicsOf({ topics }: RuleBook, text: string): Topic[] {
  return topics.flatMap(({ rule, pattern }) => {
    const [seen] = pattern.exec(text) ?? [];
    return seen === undefined ? [] : [{ rule, text: seen }];
  });
}

function toResult({ rule: { id, cause, fix, source }, text }: Topic, status: 'ok' | 'warn'): CheckResult {
  const seen = `${status === 'warn' ? 'perhaps: ' : ''}'${hideSecrets(text).slice(0, 160)}'`;
  return { id: `explain.${id}`, status, seen, cause, fix: `${fix}\n${source}` };
}

const unknown = (text: string): CheckResult => ({
  id: 'explain.unknown',
  status: 'fail',
  seen: text === '' ? 'nothing was pasted' : 'I do not know this',
  cause: '',
  fix: "Paste more of it: the lines around it, the 'Caused by' of a stack trace, Keycloak's log at that moment. Or let the doctor look itself: keycloak-guard doctor",
});

/** An OAuth error as JSON, query, header or `error (description)`, by the library's own diagnosis. */
function explainOauth(text: string): CheckResult[] {
  const [, error] = /\berror"?\s*[=:]\s*"?([a-z_]{4,40})\b/i.exec(text) ?? [];
  if (error === undefined) return [];
  const description =
    /error_description"?\s*[=:]\s*"?([^"&\n]{1,200})/i.exec(text)?.[1] ??
    new RegExp(`${error}\\s*\\(([^)\n]{1,200})\\)`).exec(text)?.[1];
  const { id, cause, fix } = diagnoseTokenError({ status: 400, error, description, isJson: true });
  if (BY_SHAPE.test(id)) return [];
  const seen = `'${hideSecrets(`${error}${description === undefined ? '' : `: ${description}`}`)}'`;
  const advice = fix.replace(/the option ([\w.]+)/g, "the setting for '$1'");
  return [{ id: `explain.${id}`, status: 'ok', seen, cause, fix: advice }];
}

/** Without colours, escapes and percent signs. */
function toPlain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal
      .replace(/\u001b\[[\d;]*m/g, '')
      .replace(/\\(["'/])/g, '$1')
      .replace(/&(quot|#34);|[“”]/g, '"')
      .replace(/&(#39|apos);|[‘’]/g, "'")
      .replace(/(?:%[\da-f]{2})+/gi, decode)
      .replace(/(error_description=[^&\s]*)/g, (some) => some.replaceAll('+', ' '))
      .trim()
  );
}

function decode(escapes: string): string {
  try {
    return decodeURIComponent(escapes);
  } catch {
    return escapes;
  }
}

/** People paste secrets along with an error. */
const hideSecrets = (text: string): string =>
  text
    .replace(/eyJ[\w-]{8,}(\.[\w-]*)*/g, '<token>')
    .replace(/(:\/\/[^\s/@:]*):[^\s/@]+@/g, '$1:***@')
    .replace(
      /\b(code|\w*token|state|nonce|code_verifier|[\w-]*(?:session|identity)\w*)=[^&\s"',;]+/gi,
      '$1=***',
    )
    .replace(/\b(\w+_token|\w*secret|\w*password)("?\s*[=:]\s*"?)[^&\s"',;]+/gi, '$1$2***');
