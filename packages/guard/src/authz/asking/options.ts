import {
  type Credential,
  type CredentialOptions,
  type Notice,
  OptionsError,
  type Verifier,
} from '../../core/index.ts';
import {
  CREDENTIAL_RULES,
  type Filled,
  fillOptions,
  type OptionRules,
  optionRules,
  partsOf,
  toCredential,
} from '../../core/internal.ts';

// The options of permissions and permits and their rules alone: adapters check them before they load the room.
export {
  describePermit,
  type PermitOptions,
  type PermitRule,
  type RuleOfRequest,
  readPermit,
} from './permit-rule.ts';

/** Options of {@link createPermissions}. */
export interface PermissionsOptions {
  /** Verifies the token before each question. It must be the verifier of one realm. Adapters give their own. */
  readonly verifier: Verifier<object>;
  /** Client in Keycloak with authorization services turned on. Default: the verifier's client. */
  readonly clientId?: string | undefined;
  /** Secret of that client: the short form of `credential: { secret }`. */
  readonly clientSecret?: string | undefined;
  /**
   * How that client authenticates, to ask about callers, and to look up the ids of resources: asked by name, Keycloak may decide on a
   * resource that the caller has registered under that name or id. Default: as the verifier does, for the verifier's client.
   */
  readonly credential?: CredentialOptions | Credential | undefined;
  /** How long an answer is used. 0: asks at every request. Unit: seconds, 0 to 3600. Default 30. */
  readonly permissionSeconds?: number | undefined;
  /** Time limit of each call to Keycloak. Unit: whole milliseconds, 100 to 60,000. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** Used for calls to Keycloak. Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

export const PERMISSIONS_RULES = {
  verifier: optionRules.required({
    rule: 'must be the verifier of one realm',
    example: 'createVerifier(…)',
    accepts: (value) => {
      const { verify, issuer, context } = (value ?? {}) as Partial<Verifier>;
      return typeof verify === 'function' && typeof issuer === 'object' && typeof context === 'object';
    },
  }),
  clientId: optionRules.string('must be the client id of the resource server', "'my-api'"),
  ...CREDENTIAL_RULES,
  permissionSeconds: optionRules.between(0, 3600, 30),
  timeoutMs: optionRules.TIMEOUT_MS,
  fetch: optionRules.FETCH,
} satisfies OptionRules<PermissionsOptions>;

type ResolvedPermissionsOptions = Filled<PermissionsOptions, typeof PERMISSIONS_RULES>;

/** @throws {OptionsError} naming every option that is missing, wrong or unknown */
export function resolvePermissionsOptions(options: PermissionsOptions): ResolvedPermissionsOptions {
  return fillOptions('createPermissions', options, PERMISSIONS_RULES);
}

/**
 * The credential of the client that asks.
 *
 * @throws {OptionsError} if neither the options nor the verifier have one
 */
export function credentialOf(options: PermissionsOptions): Credential {
  const { verifier, clientId = verifier.clientId } = options;
  const isOfVerifier = options.clientSecret === undefined && options.credential === undefined;
  const shared = clientId === verifier.clientId ? partsOf(verifier)?.credential : undefined;
  const { clock } = verifier.context.options;
  // A verifier of the application's own may have none.
  const onNotice = (notice: Notice) => (verifier as Partial<Verifier>).notify?.(notice);
  const credential = isOfVerifier
    ? shared
    : toCredential('createPermissions', options, { clientId, onNotice, clock });
  if (credential !== undefined && credential.kind !== 'none') return credential;
  const rule = `must be given, because the verifier has none for the client ${clientId}`;
  const example = "{ tokenFile: '/var/run/secrets/keycloak/token' }, or clientSecret";
  throw new OptionsError('createPermissions', [{ option: 'credential', rule, example }]);
}

/** The options of permissions that are made when they are first needed, by the object that stands for them until then. */
const plans = new WeakMap<object, PermissionsOptions>();

/** @param permissions `engineOf` makes its engine of the options */
export function planPermissions(permissions: object, options: PermissionsOptions): void {
  plans.set(permissions, options);
}

export const planOf = (permissions: object): PermissionsOptions | undefined => plans.get(permissions);
