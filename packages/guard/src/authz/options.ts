import type { Verifier } from '../core/index.ts';
import { checkOptions, type OptionRules, optionRules } from '../core/internal.ts';
import type { AuthzContext } from './context.ts';
import { createKeycloakCalls } from './keycloak-calls.ts';

/** Options of {@link createPermissions}. */
export interface PermissionsOptions {
  /** Who verifies the tokens of the realm: before a permission is looked at, the token is. */
  readonly verifier: Verifier<object>;
  /** Client in Keycloak that has the authorization services switched on. Default: the client of the verifier. */
  readonly clientId?: string | undefined;
  /**
   * Its secret. By it the ids of resources are looked up: asked by a name, Keycloak may decide on a resource of that
   * name, or of that id, which the caller has registered.
   */
  readonly clientSecret: string;
  /**
   * Whose credentials a question carries. `caller`: the caller's own token. `api`: this API's client, with the
   * caller's token as the subject: so tokens of public clients may come with claims, too. Default `caller`.
   */
  readonly asks?: 'caller' | 'api' | undefined;
  /** How long an answer of Keycloak's is used. 0: each request asks. Unit: seconds, 0 to 3600. Default 30. */
  readonly permissionSeconds?: number | undefined;
  /** Most answers kept in memory, about 200 bytes each. Default 100,000. */
  readonly maxCachedAnswers?: number | undefined;
  /**
   * Believes the permissions that a token carries itself, where it is an RPT for this API alone that was issued less
   * than `permissionSeconds` ago, and not by refreshing another: that would carry the old permissions. Default false.
   */
  readonly trustTokenPermissions?: boolean | undefined;
  /** Bound on every call to Keycloak. Unit: whole milliseconds, 100 to 60,000. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

const RULES: OptionRules<PermissionsOptions> = {
  verifier: optionRules.required({
    rule: 'must be the verifier of one realm',
    example: 'createVerifier(…)',
    isMet: (value) => {
      const { verify, issuer, context } = (value ?? {}) as Partial<Verifier>;
      return typeof verify === 'function' && typeof issuer === 'object' && typeof context === 'object';
    },
  }),
  clientId: optionRules.text('must be the client id of the resource server', "'my-api'"),
  clientSecret: optionRules.required(optionRules.CLIENT_SECRET),
  asks: optionRules.oneOf('caller', 'api'),
  permissionSeconds: optionRules.between(0, 3600, 30),
  maxCachedAnswers: optionRules.whole(0, 10_000_000, 100_000),
  trustTokenPermissions: optionRules.trueOrFalse(false),
  timeoutMs: optionRules.TIMEOUT_MS,
  fetch: optionRules.FETCH,
};

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function toContext(options: PermissionsOptions): AuthzContext {
  checkOptions('createPermissions', options, RULES);
  const { verifier } = options;
  return {
    issuer: verifier.issuer,
    clientId: options.clientId ?? verifier.clientId,
    clientSecret: options.clientSecret,
    asks: options.asks ?? 'caller',
    calls: createKeycloakCalls({ fetch: options.fetch ?? fetch, timeoutMs: options.timeoutMs ?? 5_000 }),
    permissionMs: (options.permissionSeconds ?? 30) * 1000,
    clock: verifier.context.options.clock,
  };
}
