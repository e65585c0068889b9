import { diagnoseTokenError } from 'keycloak-guard/client';
import type { CheckResult } from '../check.ts';
import type { Rule } from './rule.ts';
import { ADDRESS_RULES } from './rules/addresses.ts';
import { KEYCLOAK_RULES } from './rules/keycloak.ts';
import { NETWORK_RULES } from './rules/network.ts';
import { SIGN_IN_RULES } from './rules/sign-in.ts';
import { TOKEN_RULES } from './rules/tokens.ts';
import { FAILURE, TOPICS } from './rules/topics.ts';

/** In order: of two that match, the first is the more exact. */
export const RULES: readonly Rule[] = [
  ...SIGN_IN_RULES,
  ...KEYCLOAK_RULES,
  ...TOKEN_RULES,
  ...NETWORK_RULES,
  ...ADDRESS_RULES,
];

const MOST_CHARACTERS = 50_000;
const MOST_FINDINGS = 5;

/**
 * Says what words of a library, a proxy, a browser or Keycloak's log mean. `ok`: known for certain. `warn`: it may be this.
 * `fail`: not known, and nothing is guessed.
 */
export function explain(pasted: string): CheckResult[] {
  const text = toPlain(pasted.slice(0, MOST_CHARACTERS));
  const found = new Map<string, CheckResult>();
  for (const part of [...text.split('\n'), text]) {
    if (part === text && found.size > 0) break;
    const one = explainSurely(part);
    if (one !== undefined && !found.has(one.id)) found.set(one.id, one);
  }
  if (found.size > 0) return [...found.values()].slice(0, MOST_FINDINGS);
  const possible = RULES.flatMap((rule) => toResult(rule, rule.maybe?.exec(text), 'warn'));
  if (possible.length > 0) return possible.slice(0, MOST_FINDINGS);
  const about = findTopics(text);
  if (about.length > 0) return about;
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

/** An error wraps the one before it: of several that are known, the last in the line is the reason of the others. */
function explainSurely(text: string): CheckResult | undefined {
  let last: { readonly end: number; readonly result: CheckResult } | undefined;
  for (const rule of RULES) {
    const match = rule.surely && [...text.matchAll(rule.surely)].at(-1);
    const [result] = toResult(rule, match, 'ok');
    if (result === undefined || match === undefined) continue;
    const end = match.index + match[0].length;
    if (last === undefined || end > last.end) last = { end, result };
  }
  return last?.result ?? explainOauth(text);
}

/** The two topics at most that a line of failure names. */
function findTopics(text: string): CheckResult[] {
  if (!FAILURE.test(text)) return [];
  return TOPICS.flatMap(([id, words]) => {
    const rule = RULES.find((one) => one.id === id);
    return rule === undefined ? [] : toResult(rule, words.exec(text), 'warn');
  }).slice(0, 2);
}

function toResult(
  { id, cause, fix, source }: Rule,
  match: RegExpExecArray | null | undefined,
  status: 'ok' | 'warn',
): CheckResult[] {
  if (match === null || match === undefined) return [];
  const seen = `${status === 'warn' ? 'perhaps: ' : ''}'${hideSecrets(match[0]).slice(0, 160)}'`;
  return [{ id: `explain.${id}`, status, seen, cause, fix: `${fix}\n${source}` }];
}

/** An OAuth error as JSON, query, header or `error (description)`, by the library's own diagnosis. */
function explainOauth(text: string): CheckResult | undefined {
  const [, error] = /\berror"?\s*[=:]\s*"?([a-z_]{4,40})\b/i.exec(text) ?? [];
  if (error === undefined) return undefined;
  const description =
    /error_description"?\s*[=:]\s*"?([^"&\n]{1,200})/i.exec(text)?.[1] ??
    new RegExp(`${error}\\s*\\(([^)\n]{1,200})\\)`).exec(text)?.[1];
  const { id, cause, fix } = diagnoseTokenError({ status: 400, error, description, isJson: true });
  // Those that go by the shape of the answer alone, or by what nobody pasted.
  const byShape = ['refused', 'not-keycloak', 'provider-error', 'wrong-password', 'wrong-secret'];
  if ([...byShape, 'device-not-signed-in'].includes(id)) return undefined;
  const seen = `'${hideSecrets(`${error}${description === undefined ? '' : `: ${description}`}`)}'`;
  return {
    id: `explain.${id}`,
    status: 'ok',
    seen,
    cause,
    fix: fix.replace(/the option ([\w.]+)/g, "the setting for '$1'"),
  };
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
