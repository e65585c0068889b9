/** As much of a notice as a line needs. */
interface ToldNotice {
  readonly level: 'info' | 'warn' | 'error';
  readonly code: string;
  readonly message: string;
  readonly fix?: string | undefined;
}

/** Codes of one trouble: what should answer does not. */
const OUTAGES: ReadonlySet<string> = new Set([
  'keys_unavailable',
  'provider_unavailable',
  'redis_lost',
  'credential_missing',
  'credential_old',
]);

/**
 * The default of `onNotice`: writes one line to the standard error output when something is wrong, and another when it is
 * over. Silent while all is well. An outage is one line, with any number of notices; one that turns out to be a mistake
 * in the settings is another, with the fix.
 *
 * @param subject what the notices are about, for example the realm's URL
 * @param write Default: the standard error output.
 */
export function createNoticeLines(
  subject: string,
  write: (line: string) => void = (line) => void process.stderr.write(line),
): (notice: ToldNotice) => void {
  let isOut = false;
  const said = new Set<string>();

  return ({ level, code, message, fix }) => {
    if (level === 'info') {
      if (!isOut) return;
      isOut = false;
      said.clear();
    } else {
      const isOutage = OUTAGES.has(code);
      const what = isOutage ? (fix ?? code) : code + message;
      if (said.has(what) || (isOutage && isOut && fix === undefined)) return;
      said.add(what);
      isOut ||= isOutage;
    }
    const words = [message, fix].filter(Boolean).join('. ');
    write(`keycloak-guard: ${toOneLine(`${subject}: ${words}`)} (${code})\n`);
  };
}

/** For words of others: a terminal would obey their control characters. */
export function toOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
