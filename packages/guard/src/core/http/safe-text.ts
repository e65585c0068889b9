/** Longest foreign string that a reason, a notice or a log line repeats. */
const MAX_LENGTH = 300;

/** The credentials after the name of a scheme, as a page that repeats the request shows them (RFC 9110 §11.4). */
const CREDENTIALS = /\b(Basic|Bearer|DPoP)(\s+)(?!\w+\s*=\s*["\w])[\w.~+/-]{4,}=*/gi;

/**
 * A string from outside in a form that is safe to show: bounded, without control characters and line ends,
 * without credentials.
 *
 * @param secrets strings to leave out
 */
export function toSafeText(text: string, secrets: readonly string[] = []): string {
  let safe = text;
  for (const secret of secrets) safe = safe.replaceAll(secret, '…');
  safe = safe.replace(CREDENTIALS, '$1$2…').replace(UNPRINTABLE, ' ');
  return safe.length > MAX_LENGTH ? `${safe.slice(0, MAX_LENGTH)}…` : safe;
}

/** Control and format characters, line and paragraph separators, halves of a character, invisible characters. */
const UNPRINTABLE = /[\u2800\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
