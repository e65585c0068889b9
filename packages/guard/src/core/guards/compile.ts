import { isPlainObject } from '../options/plain-object.ts';
import { ofEach } from '../runtime/get-or-make.ts';
import type { Guard } from './guards.ts';
import type { SignInRules } from './required-sign-in.ts';
import { type Requirements, toGuard } from './requirements.ts';

/** Requirements, ready to be checked. */
export interface Compiled {
  readonly check: Guard;
  /** The one tenant that a caller who meets them acts for. */
  readonly tenant: string | undefined;
}

/** What the realm of a request adds to requirements. */
interface Realm {
  readonly clientId: string;
  readonly signInRules?: SignInRules;
}

/** @throws {OptionsError} as `toGuard` does */
export function compile(requirements: Requirements, { clientId, signInRules }: Realm): Compiled {
  return { check: toGuard(requirements, clientId, signInRules), tenant: tenantIn(requirements) };
}

/**
 * Once for all realms if they mean the same in each, else once for each.
 *
 * @param one a realm for which they are checked at once
 * @throws {OptionsError} as `toGuard` does
 */
export function compileForRealms(requirements: Requirements, one: Realm): (realm: Realm) => Compiled {
  const compiledFor = ofEach((realm: Realm) => compile(requirements, realm));
  const first = compiledFor(one);
  return isByRealm(requirements) ? compiledFor : () => first;
}

/** Roles of the own client, and how strong a sign-in is. */
function isByRealm(requirements: Requirements): boolean {
  const { clientRole, acr, maxAge, organization, allOf = [], anyOf = [] } = requirements;
  if ((clientRole ?? acr ?? maxAge) !== undefined) return true;
  const within = isPlainObject(organization) ? [organization as Requirements] : [];
  return [...within, ...allOf, ...anyOf].some(isByRealm);
}

function tenantIn({ tenant, allOf = [] }: Requirements): string | undefined {
  return tenant ?? allOf.map(tenantIn).find((one) => one !== undefined);
}
