import { RULES } from './diagnosis-rules.ts';
import type { Diagnosis, TokenAnswer } from './errors.ts';

/**
 * Tells why Keycloak refused, from the shape of its answer. Never from the status alone: a wrong password is 401
 * up to Keycloak 26.4 and 400 from 26.6, and a wrong client secret is 401 too. Keycloak checks the client before
 * the user, so an answer about the user means that the client is fine.
 *
 * An unknown answer is still attributed to the right party: 5xx and answers that are not OAuth answers to
 * the provider, `invalid_grant` to the user, every other OAuth error to the set-up.
 *
 * `hidden` are values that must not stand in the diagnosis, should the answer repeat them. The cause is found by the
 * unchanged answer: a password such as `a` is in every answer, and must not make `invalid_grant` unreadable.
 *
 * @example
 * const { status } = response;
 * const { error, error_description: description } = await response.json();
 * diagnoseTokenError({ status, error, description }).id; // 'wrong-secret'
 */
export function diagnoseTokenError(answer: TokenAnswer, hidden: readonly string[] = []): Diagnosis {
  const text = `${answer.error ?? ''}: ${answer.description ?? ''}`;
  for (const rule of RULES) {
    if (!rule.matches(answer, text)) continue;
    const safe = withoutSecrets(answer, hidden);
    const { id, kind = 'client_misconfigured' } = rule;
    return { id, kind, cause: rule.cause(safe), fix: rule.fix(safe) };
  }
  throw new Error('the last rule matches every answer');
}

const MAX_TEXT = 300;

/** Fields of a request, as they would come back with it: the value need not be whole, nor written as it was sent. */
const REPEATS_FORM = /(password|secret|token|code|code_verifier)=/i;

/**
 * The answer as it may be shown. A text that repeats a hidden value is hidden whole: what is left around a short one
 * would tell it. It is cut last, for of a value that is cut nothing would be recognised.
 */
function withoutSecrets(answer: TokenAnswer, hidden: readonly string[]): TokenAnswer {
  const forms = hidden
    .filter((value) => value !== '')
    .flatMap((value) => {
      // The sent form of a string with half a character.
      const sent = Buffer.from(value).toString();
      return [value, sent, encodeURIComponent(sent), toFormText(sent)];
    });
  const show = (text: string | undefined): string | undefined => {
    if (text === undefined) return undefined;
    if (forms.some((form) => text.includes(form)) || REPEATS_FORM.test(text)) return '***';
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
    return text.replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, MAX_TEXT);
  };
  return { ...answer, error: show(answer.error), description: show(answer.description) };
}

/** As a form writes it: a space is a plus. */
const toFormText = (value: string): string => new URLSearchParams([['', value]]).toString().slice(1);
