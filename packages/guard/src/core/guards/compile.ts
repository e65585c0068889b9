import type { Guard } from './guards.ts';
import type { SignInRules } from './required-sign-in.ts';
import { type Requirements, toGuard } from './requirements.ts';

/** Requirements, ready to be checked. */
export interface Compiled {
  readonly check: Guard;
  /** The one tenant that a caller who meets them acts for. */
  readonly tenant: string | undefined;
}

/** @throws {OptionsError} as `toGuard` does */
export function compile(
  requirements: Requirements,
  { clientId, signInRules }: { readonly clientId: string; readonly signInRules?: SignInRules },
): Compiled {
  return { check: toGuard(requirements, clientId, signInRules), tenant: tenantIn(requirements) };
}

function tenantIn({ tenant, allOf = [] }: Requirements): string | undefined {
  const [only, ...more] = [tenant ?? []].flat();
  if (only !== undefined && more.length === 0) return only;
  return allOf.map(tenantIn).find((one) => one !== undefined);
}
