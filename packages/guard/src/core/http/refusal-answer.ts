import { type Answer, toJsonAnswer } from './answer.ts';
import type { AuthError } from './errors.ts';

/** Header that says why, where {@link toRefusalAnswer} may. */
const WHY = 'x-auth-error';

/**
 * The answer to a request that was refused: status, challenge and `{"detail": …}`.
 *
 * @param explain whether code and reason come with it, in the body and in `x-auth-error`: for developers, and a help for
 *   attackers. Never the token.
 */
export function toRefusalAnswer(error: AuthError, explain = false): Answer {
  const { statusCode, headers, detail, code, reason, expected, seen } = error;
  // A page is sent on.
  if (statusCode === 303) return { status: 303, headers, setCookies: [], body: undefined };
  if (!explain) return toJsonAnswer(statusCode, headers, { detail });
  const why = `${code}: ${reason}${expected === undefined ? '' : `; expected ${expected}`}${seen === undefined ? '' : `; seen ${seen}`}`;
  return toJsonAnswer(
    statusCode,
    { ...headers, [WHY]: toHeaderText(why) },
    { detail, code, reason, expected, seen },
  );
}

/** RFC 9110 §5.5: visible ASCII and spaces are what every client takes. */
function toHeaderText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
