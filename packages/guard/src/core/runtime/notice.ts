/**
 * Something the operator should know. Notices are rare (never one per request) and hold no secret.
 * Every `code` is stable and explained in `docs/errors.md`.
 */
export interface Notice {
  readonly level: 'info' | 'warn' | 'error';
  readonly code:
    | 'keys_loaded'
    | 'keys_unavailable'
    | 'keys_misconfigured'
    | 'key_ignored'
    | 'issuer_conflict'
    | 'issuer_mismatch'
    | 'realm_changed'
    | 'recheck_impossible'
    | 'recheck_misconfigured'
    | 'provider_unavailable'
    | 'provider_back'
    | 'setting_unsafe'
    | 'setting_ignored'
    | 'logout_not_shared'
    | 'permissions_impossible'
    | 'audience_shared'
    | 'mcp_metadata_missing'
    | 'credential_old'
    | 'credential_missing'
    | 'credential_back'
    | 'calling_refused'
    | 'tenant_changed'
    | 'tenant_misconfigured'
    | 'tenants_unavailable'
    | 'requirement_unclear'
    | 'events_lost'
    | 'events_back'
    | 'events_missed'
    | 'events_unhandled';
  readonly message: string;
  /** The mend, if it is known. */
  readonly fix?: string | undefined;
  /** Name of the tenant that it is about, where there are tenants. */
  readonly tenant?: string | undefined;
}

/** As much of a notice as a line needs. */
type NoticeLine = Pick<Notice, 'level' | 'message' | 'fix'> & { readonly code: string };

/** Codes of one trouble: what should answer does not. */
const OUTAGES: ReadonlySet<string> = new Set([
  'keys_unavailable',
  'keys_misconfigured',
  'provider_unavailable',
  'redis_lost',
  'redis_refused',
  'credential_missing',
  'credential_old',
]);

/** Lines that are not written again. More may be made up by a realm, of its names. */
const MOST_SAID = 1_000;

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
): (notice: NoticeLine) => void {
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
      if (said.size >= MOST_SAID) said.clear();
      said.add(what);
      isOut ||= isOutage;
    }
    const words = [message, fix].filter(Boolean).join('. ');
    write(`keycloak-guard: ${toOneLine(`${subject}: ${words}`)}${code && ` (${code})`}\n`);
  };
}

/** For words of others: a terminal would obey their control characters. */
export function toOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** Where lines of the log go; a logger of pino's fits, and so does `console`. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Writes problems to the standard error output if no logger was given. */
export function createStandardErrorLog(subject: string): Log {
  const lines = createNoticeLines(subject);
  const say = (level: Notice['level']) => (fields: object, message: string) => {
    const { code, id, fix } = fields as { code?: string; id?: string; fix?: string };
    lines({ level, code: code ?? id ?? '', message, fix });
  };
  return { info() {}, warn: say('warn'), error: say('error') };
}

/**
 * The result of a function of the application's; `undefined` if it throws. What it throws, or rejects with by any thenable, is
 * dropped: a log that fails must neither refuse a request nor end the process.
 */
export function unfailing<T>(act: () => T): T | undefined {
  try {
    const result = act();
    Promise.resolve(result).catch(() => {});
    return result;
  } catch {
    // No one is left to report it to.
    return undefined;
  }
}

/** A listener by {@link unfailing}. `false`: no listener. */
export function toSafeListener<T>(listener: ((event: T) => unknown) | false): (event: T) => void {
  return (event) => void (listener && unfailing(() => listener(event)));
}
