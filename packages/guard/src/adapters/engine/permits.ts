import {
  createPathEnforcer,
  createPermissions,
  createPermit,
  type PathEnforcerOptions,
  type PathRequest,
  type Permissions,
  type PermissionsOptions,
  type PermitOptions,
  type PermitRule,
  type RuleOfRequest,
} from '../../authz/internal.ts';
import {
  type AuthError,
  isAuthError,
  type Log,
  type Principal,
  type TokenVerifier,
  type VerifierOptions,
} from '../../core/index.ts';
import type { Gate } from '../../core/internal.ts';
import { toOneRealm } from './one-realm.ts';

/**
 * Options of permissions in an adapter: those of `createPermissions`, or permissions made before. The verifier is the
 * adapter's, and so is the credential if none is given.
 */
export type PermissionSettings =
  | Omit<PermissionsOptions, 'verifier'>
  | {
      /** Needed where the adapter's verifier is of several realms. */
      readonly permissions: Permissions;
    };

/**
 * Decides on the principal that a guard has found: at once where the answers are in memory.
 *
 * @param more handed on to the application's functions
 * @throws {AuthError} or rejects with one: a refusal
 */
export type Decide<Incoming> = (
  request: Incoming,
  principal: Principal | null | undefined,
  ...more: readonly unknown[]
) => void | Promise<void>;

/** Guards by permission, of an adapter. */
export interface Permits<Incoming> {
  /** Turns permissions on, once. @throws {OptionsError} */
  open(settings?: PermissionSettings): Permissions;
  /** @throws {Error} before `open` */
  opened(): Permissions;
  /** @throws {OptionsError} for a rule or an option that is wrong; {Error} before `open` */
  permit<Asked>(rule: PermitRule | RuleOfRequest<Asked>, options?: PermitOptions<Asked>): Decide<Incoming>;
  /** @throws {OptionsError} for an option or a part of the configuration that is wrong; {Error} before `open` */
  enforcePaths(
    options: Omit<PathEnforcerOptions, 'permissions'> | undefined,
    toPathRequest: (request: Incoming) => PathRequest,
  ): Decide<Incoming>;
}

/** What an adapter brings along. */
export interface PermitsHost<Incoming> {
  /** Name of the factory, for errors. */
  readonly factory: string;
  /** What the application's functions are called with. Default: the request. */
  toAsked?(request: Incoming): unknown;
  onDenied?(request: Incoming, error: AuthError, principal: Principal | null): void;
  logOf(request: Incoming): Log;
}

/** What is asked about. */
interface Asked {
  readonly request: unknown;
  readonly more: readonly unknown[];
}
type AppFunction = (request: unknown, principal: Principal, ...more: readonly unknown[]) => never;

/** @param options the adapter's own, which fill in what the settings leave out */
export function createPermits<Incoming>(
  verifier: TokenVerifier,
  options: Pick<Partial<VerifierOptions>, 'fetch' | 'timeoutMs'>,
  { factory, toAsked = (request) => request, onDenied, logOf }: PermitsHost<Incoming>,
): Permits<Incoming> {
  let permissions: Permissions | undefined;

  function opened(): Permissions {
    if (permissions !== undefined) return permissions;
    throw new Error(`${factory}: a permission is required, but permissions were not turned on before`);
  }

  function telling(decide: Decide<Incoming>): Decide<Incoming> {
    return (request, principal, ...more) => {
      const refuse = (error: unknown): never => {
        // Frameworks take a `throw null` of a rule for no error at all.
        if (!(error instanceof Error)) throw new Error('A permission threw what is not an error');
        if (!isAuthError(error)) throw error;
        // A mistake in the guard or in the set-up of the client: the answer does not say which.
        if (error.statusCode === 500) logOf(request).error({ err: error }, error.reason);
        onDenied?.(request, error, principal ?? null);
        throw error;
      };
      let decided: void | Promise<void>;
      try {
        decided = decide(request, principal, ...more);
      } catch (error) {
        return refuse(error);
      }
      return decided?.catch(refuse);
    };
  }

  return {
    opened,
    open(settings = {}) {
      if (permissions !== undefined) throw new Error(`${factory}: permissions were turned on before`);
      if ('permissions' in settings) permissions = settings.permissions;
      else {
        const { fetch, timeoutMs } = options;
        permissions = createPermissions({
          ...{ fetch, timeoutMs },
          ...(settings as object),
          verifier: toOneRealm(factory, verifier),
        });
      }
      return permissions;
    },
    permit(rule, { owner, claims, ...rest } = {}) {
      const permit = createPermit<Asked>(opened(), ofAsked(rule) as PermitRule | RuleOfRequest<Asked>, {
        ...rest,
        owner: ofAsked(owner) as PermitOptions<Asked>['owner'],
        claims: ofAsked(claims) as PermitOptions<Asked>['claims'],
      });
      return telling((request, principal, ...more) =>
        permit.decide({ request: toAsked(request), more }, principal),
      );
    },
    enforcePaths(given, toPathRequest) {
      const enforcer = createPathEnforcer({ ...given, permissions: opened() });
      return telling((request, principal) => enforcer.decide(toPathRequest(request), principal));
    },
  };
}

/** What is not a function stays as it is. */
function ofAsked(given: unknown): unknown {
  if (typeof given !== 'function') return given;
  return ({ request, more }: Asked, principal: Principal) =>
    (given as AppFunction)(request, principal, ...more);
}

/** A permit in the place of a gate: the principal found before passes where Keycloak permits it. */
export function toPermitGate<Incoming>(
  decide: Decide<Incoming>,
  principalOf: (request: Incoming) => Principal | null | undefined,
): Pick<Gate<Incoming, unknown>, 'decide'> {
  return {
    decide(request) {
      const principal = principalOf(request) ?? null;
      const decided = decide(request, principal);
      return decided === undefined ? principal : decided.then(() => principal);
    },
  };
}
