/** Longest text of somebody else's that is repeated in a reason, a notice or a log line. */
const MAX_LENGTH = 300;

/** What stands after the name of a scheme, as a page that repeats the request shows it (RFC 9110 §11.4). */
const CREDENTIALS = /\b(Basic|Bearer|DPoP)(\s+)(?!\w+\s*=\s*["\w])[\w.~+/-]{4,}=*/gi;

/**
 * A text that came from outside, as it may be shown to people: bounded, without control characters and line ends,
 * without credentials.
 *
 * @param secrets what is left out wherever it stands
 */
export function toSafeText(text: string, secrets: readonly string[] = []): string {
  let safe = text;
  for (const secret of secrets) safe = safe.replaceAll(secret, '…');
  safe = safe.replace(CREDENTIALS, '$1$2…').replace(UNPRINTABLE, ' ');
  return safe.length > MAX_LENGTH ? `${safe.slice(0, MAX_LENGTH)}…` : safe;
}

/** Control and format characters, line and paragraph separators, halves of a character, what is not seen at all. */
const UNPRINTABLE = /[\u2800\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
