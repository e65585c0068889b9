import type { Finding } from '../keycloak/finding.ts';
import type { DoctorContext } from './context.ts';

export { type Finding, fail, ok, type Status, skipped, warn } from '../keycloak/finding.ts';

/** One thing that the doctor examines. */
export interface Check {
  /** Stable name, for example `client.direct-grants`. */
  readonly id: string;
  /** Checks that this one depends on: if one of them failed or was skipped, this one is skipped. */
  readonly needs: readonly string[];
  run(context: DoctorContext): Promise<Finding> | Finding;
}

/** A finding with the id of its check. */
export interface CheckResult extends Finding {
  readonly id: string;
}
