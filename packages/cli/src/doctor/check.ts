import type { DoctorContext } from './context.ts';

/** How a check came out. `warn`: it works, but will bite; the exit code stays 0. */
export type Status = 'ok' | 'warn' | 'fail' | 'skipped';

/** What a check found. Texts hold no secret, password or token. */
export interface Finding {
  readonly status: Status;
  /** What was seen, short. */
  readonly seen: string;
  /** Why it is so, in a sentence. Empty where all is well. */
  readonly cause: string;
  /** What to paste or click. Empty where all is well. */
  readonly fix: string;
  /** `setup` can mend it; with these flags, where it needs any. */
  readonly setup?: readonly string[] | undefined;
}

/** One thing the doctor looks at. */
export interface Check {
  /** Stable name, for example `client.direct-grants`. */
  readonly id: string;
  /** Checks without which this one means nothing: where one of them failed or was skipped, so is this one. */
  readonly needs: readonly string[];
  run(context: DoctorContext): Promise<Finding> | Finding;
}

/** A finding with the id of its check. */
export interface CheckResult extends Finding {
  readonly id: string;
}

export const ok = (seen: string): Finding => ({ status: 'ok', seen, cause: '', fix: '' });
export const skipped = (seen: string): Finding => ({ status: 'skipped', seen, cause: '', fix: '' });

/** @param setup flags with which `keycloak-guard setup` mends it; none: it cannot */
export function fail(seen: string, cause: string, fix: string, setup?: readonly string[]): Finding {
  return { status: 'fail', seen, cause, fix, setup };
}

/** @param setup flags with which `keycloak-guard setup` mends it; none: it cannot */
export function warn(seen: string, cause: string, fix: string, setup?: readonly string[]): Finding {
  return { status: 'warn', seen, cause, fix, setup };
}
