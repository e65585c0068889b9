/** Result of a check. `warn`: it works now but may cause trouble; the exit code stays 0. */
export type Status = 'ok' | 'warn' | 'fail' | 'skipped';

/** What a check found. Its texts never contain a secret, password or token. */
export interface Finding {
  readonly status: Status;
  /** What the check saw, in a few words. */
  readonly seen: string;
  /** The cause, in a sentence. Empty if all is well. */
  readonly cause: string;
  /** What to paste or click. Empty if all is well. */
  readonly fix: string;
  /** Flags with which `setup` can fix it. `undefined`: it cannot. */
  readonly setup?: readonly string[] | undefined;
}

export const ok = (seen: string): Finding => ({ status: 'ok', seen, cause: '', fix: '' });
export const skipped = (seen: string): Finding => ({ status: 'skipped', seen, cause: '', fix: '' });

/** @param setup flags with which `keycloak-guard setup` fixes it; leave it out if it cannot */
export function fail(seen: string, cause: string, fix: string, setup?: readonly string[]): Finding {
  return { status: 'fail', seen, cause, fix, setup };
}

/** Says why a thing that was seen is a failure. */
export type Say = (cause: string, fix: string, setup?: readonly string[]) => Finding;

/** {@link fail}, for several findings about what was seen once. */
export const failOn =
  (seen: string): Say =>
  (...words) =>
    fail(seen, ...words);

/** @param setup flags with which `keycloak-guard setup` fixes it; leave it out if it cannot */
export function warn(seen: string, cause: string, fix: string, setup?: readonly string[]): Finding {
  return { status: 'warn', seen, cause, fix, setup };
}
