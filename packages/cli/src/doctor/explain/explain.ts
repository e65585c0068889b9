import { diagnoseTokenError } from 'keycloak-guard/client';
import type { CheckResult } from '../check.ts';
import type { Rule, Words } from './rule.ts';
import { ADDRESS_RULES } from './rules/addresses.ts';
import { KEYCLOAK_RULES } from './rules/keycloak.ts';
import { NETWORK_RULES } from './rules/network.ts';
import { SIGN_IN_RULES } from './rules/sign-in.ts';
import { TOKEN_RULES } from './rules/tokens.ts';
import { FAILURE, MORE_EXACT, TOPICS } from './rules/topics.ts';

/** In order: of two that match, the first is the more exact. */
export const RULES: readonly Rule[] = [
  ...SIGN_IN_RULES,
  ...KEYCLOAK_RULES,
  ...TOKEN_RULES,
  ...NETWORK_RULES,
  ...ADDRESS_RULES,
];

/** What broke first of all, where it stands beside what came of it: a key that was not fetched, for example. */
const ROOTS: ReadonlySet<string> = new Set(
  NETWORK_RULES.map(({ id }) => id).filter((id) => !/^(cors|redirected|upstream)/.test(id)),
);
/** Of these it is enough that the words are there, whatever else the line is about. */
const ANYWHERE = /^(unreachable|unresolvable|timeout|connection-broken|tls-)/;

/** Words of the trade. Without one of them a line is about something else, however well it fits a rule. */
const TRADE =
  /keycloak|\bkc\b|KC[-_]|realm|oauth|openid|oidc|\bjw[tkse]|jwks|\btoken|bearer|\bsso\b|\blog.?(in|out)\b|sign.?(in|out|ature)|\bauth|authenti|authoriz|unauthori|cookie|csrf|\bcors\b|saml|ldap|credential|password|client.?(id|secret)|redirect.?ur|\bscope|\bclaims?\b|issuer|audience|\bnonce|pkce|verifier|passkey|webauthn|dpop|IDX\d|SRJWT|ISPN|AADSTS|\bkid\b|quarkus|infinispan|liquibase|identity|session|\b(ssl|tls|https)|certificate|x509|PKIX|\biss\b|\baud\b|userinfo|user.?name/i;
const KEYCLOAK =
  /keycloak|\bkc\.|KC[-_]|liquibase|databasechangelog|quarkus|infinispan|org\.hibernate.{0,80}keycloak|\brealms?\b|agroal/i;
/** Other programs, which fail by the same words. */
const OTHERS =
  /:(5432|3306|1433|6379|27017|9092|5672|9200|11211|25|587)\b|\b(redis|mongo\w*|kafka|rabbitmq|elasticsearch|sqlalchemy|django|psql|sqlite|S3|stripe|smtp error|npm err|pip|pull access|webpack|jest|eslint|tailwind|terraform|gradle|ffmpeg)\b|error TS\d|error\[E\d/i;

const MOST_CHARACTERS = 50_000;
const MOST_FINDINGS = 5;

/**
 * Says what words of a library, a proxy, a browser or Keycloak's log mean. `ok`: known for certain. `warn`: it may be this, or one
 * of these. `fail`: not known, and nothing is guessed.
 */
export function explain(pasted: string): CheckResult[] {
  const text = toPlain(pasted.slice(0, MOST_CHARACTERS));
  const known: CheckResult[] = [];
  for (const part of [...text.split('\n'), text]) {
    if (part === text && known.length > 0) break;
    known.push(...explainWords(part, text));
  }
  const certain = known.filter(({ status }) => status === 'ok');
  const results = [certain, known, findPossible(text), findTopics(text)].find((some) => some.length > 0);
  if (results !== undefined)
    return [...new Map(results.map((one) => [one.id, one])).values()].slice(0, MOST_FINDINGS);
  return [
    {
      id: 'explain.unknown',
      status: 'fail',
      seen: text === '' ? 'nothing was pasted' : 'I do not know this',
      cause: '',
      fix: "Paste more of it: the lines around it, the 'Caused by' of a stack trace, Keycloak's log at that moment. Or let the doctor look itself: keycloak-guard doctor",
    },
  ];
}

interface Match {
  readonly rule: Rule;
  readonly words: Words;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** By the words that rules are sure of: certain, or where they contradict each other the two last ones. */
function explainWords(line: string, whole: string): CheckResult[] {
  const isElsewhere = OTHERS.test(whole) && !TRADE.test(whole);
  const found = isElsewhere ? [] : RULES.flatMap((rule) => lastMatch(rule, rule.surely, line));
  const ids = new Set(found.map(({ rule }) => rule.id));
  const less = new Set(MORE_EXACT.filter(([id]) => ids.has(id)).flatMap(([, others]) => others));
  const all = found.filter(({ rule }) => !less.has(rule.id));
  const phrases = all.filter(({ words }) => words.isPhrase);
  const some = phrases.length > 0 ? phrases : all;
  const roots = phrases.filter(({ rule }) => ROOTS.has(rule.id));
  const [last, ...before] = (roots.length > 0 ? roots : some).sort((one, other) => other.end - one.end);
  if (last === undefined) return isElsewhere ? [] : explainOauth(line);
  const inner = findInner(last, line);
  const rival = inner ?? before.find((one) => !isWrapped(one, last, line));
  const isCertain =
    rival === undefined &&
    (ANYWHERE.test(last.rule.id) || TRADE.test(whole)) &&
    (!last.words.needsKeycloak || KEYCLOAK.test(whole)) &&
    (last.words.isPhrase || findTopics(whole)[0]?.id === `explain.${last.rule.id}`);
  const both = rival === undefined ? [last] : inner === undefined ? [last, rival] : [inner, last];
  return both.map((one) => toResult(one, isCertain ? 'ok' : 'warn'));
}

/** An error wraps the one before it: 'login failed: connection refused'. */
const isWrapped = (outer: Match, inner: Match, line: string): boolean =>
  outer.words.isPhrase &&
  inner.words.isPhrase &&
  /: |Caused by|cause|\n|[[({]/.test(line.slice(outer.end, inner.start));

/** What stands behind the words, after a colon, where that is about something else. */
function findInner({ rule, end }: Match, line: string): Pick<Match, 'rule' | 'text'> | undefined {
  const [, inner = ''] = /^.{0,2}: (.+)/.exec(line.slice(end)) ?? [];
  const [topic] = topicsOf(inner);
  return topic?.rule.id === rule.id ? undefined : topic;
}

function lastMatch(rule: Rule, words: readonly Words[], text: string): Match[] {
  const found = words.flatMap((one) => {
    const match = [...text.matchAll(one.pattern)].at(-1);
    if (match === undefined) return [];
    return [{ rule, words: one, start: match.index, end: match.index + match[0].length, text: match[0] }];
  });
  const phrases = found.filter((one) => one.words.isPhrase);
  return (phrases.length > 0 ? phrases : found).sort((one, other) => other.end - one.end).slice(0, 1);
}

function findPossible(text: string): CheckResult[] {
  if (OTHERS.test(text) && !TRADE.test(text)) return [];
  return RULES.flatMap((rule) => lastMatch(rule, rule.maybe, text).map((one) => toResult(one, 'warn')));
}

/** The two topics at most that a line of failure names. */
function findTopics(text: string): CheckResult[] {
  if (!FAILURE.test(text) || !TRADE.test(text)) return [];
  return topicsOf(text)
    .slice(0, 2)
    .map((one) => toResult(one, 'warn'));
}

function topicsOf(text: string): Pick<Match, 'rule' | 'text'>[] {
  return TOPICS.flatMap(([id, words]) => {
    const rule = RULES.find((one) => one.id === id);
    const [seen] = words.exec(text) ?? [];
    return rule === undefined || seen === undefined ? [] : [{ rule, text: seen }];
  });
}

function toResult(
  { rule: { id, cause, fix, source }, text }: Pick<Match, 'rule' | 'text'>,
  status: 'ok' | 'warn',
): CheckResult {
  const seen = `${status === 'warn' ? 'perhaps: ' : ''}'${hideSecrets(text).slice(0, 160)}'`;
  return { id: `explain.${id}`, status, seen, cause, fix: `${fix}\n${source}` };
}

/** An OAuth error as JSON, query, header or `error (description)`, by the library's own diagnosis. */
function explainOauth(text: string): CheckResult[] {
  const [, error] = /\berror"?\s*[=:]\s*"?([a-z_]{4,40})\b/i.exec(text) ?? [];
  if (error === undefined) return [];
  const description =
    /error_description"?\s*[=:]\s*"?([^"&\n]{1,200})/i.exec(text)?.[1] ??
    new RegExp(`${error}\\s*\\(([^)\n]{1,200})\\)`).exec(text)?.[1];
  const { id, cause, fix } = diagnoseTokenError({ status: 400, error, description, isJson: true });
  // Those that go by the shape of the answer alone, or by what nobody pasted.
  const byShape = ['refused', 'not-keycloak', 'provider-error', 'wrong-password', 'wrong-secret'];
  if ([...byShape, 'device-not-signed-in'].includes(id)) return [];
  const seen = `'${hideSecrets(`${error}${description === undefined ? '' : `: ${description}`}`)}'`;
  return [
    {
      id: `explain.${id}`,
      status: 'ok',
      seen,
      cause,
      fix: fix.replace(/the option ([\w.]+)/g, "the setting for '$1'"),
    },
  ];
}

/** Without colours, escapes and percent signs. */
function toPlain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal
      .replace(/\u001b\[[\d;]*m/g, '')
      .replace(/\\(["'/])/g, '$1')
      .replace(/&(quot|#34);/g, '"')
      .replace(/&(#39|apos);/g, "'")
      .replace(/[“”]/g, '"')
      .replace(/[‘’]/g, "'")
      .replace(/(?:%[\da-f]{2})+/gi, (some) => toDecoded(some))
      .replace(/(error_description=[^&\s]*)/g, (some) => some.replaceAll('+', ' '))
      .trim()
  );
}

function toDecoded(some: string): string {
  try {
    return decodeURIComponent(some);
  } catch {
    return some;
  }
}

/** People paste what is secret along with it. */
function hideSecrets(text: string): string {
  return text
    .replace(/eyJ[\w-]{8,}(\.[\w-]*)*/g, '<token>')
    .replace(/(:\/\/[^\s/@:]*):[^\s/@]+@/g, '$1:***@')
    .replace(
      /\b(code|\w*token|state|nonce|code_verifier|[\w-]*(?:session|identity)\w*)=[^&\s"',;]+/gi,
      '$1=***',
    )
    .replace(/\b(\w+_token|\w*secret|\w*password)("?\s*[=:]\s*"?)[^&\s"',;]+/gi, '$1$2***');
}
