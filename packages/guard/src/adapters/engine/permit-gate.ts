import type {
  Permissions,
  PermissionsOptions,
  Permit,
  PermitOptions,
  PermitRule,
  RuleOfRequest,
} from '../../authz/internal.ts';
import type { Principal } from '../../core/index.ts';
import type { Gate } from '../../core/internal.ts';
import type { DocumentedPermit } from './documentation.ts';

/**
 * Options of permissions in an adapter: those of `createPermissions`, or permissions made before. `clientSecret` may be left
 * out if the adapter was given it. The verifier is the adapter's.
 */
export type PermissionSettings =
  | Omit<PermissionsOptions, 'verifier'>
  | {
      /** Needed if the adapter's verifier is of several realms. */
      readonly permissions: Permissions;
    };

/**
 * Decides on the principal that a guard has found: at once if the answers are in memory.
 *
 * @param more further arguments for the application's functions
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
  /** @throws {OptionsError} for a wrong rule or option; {Error} before `open` */
  permit<Asked>(
    rule: PermitRule | RuleOfRequest<Asked>,
    options?: PermitOptions<Asked>,
  ): Decide<Incoming> & Pick<DocumentedPermit, 'asked'> & Pick<Permit<unknown>, 'status'>;
}

/** A permit in the place of a gate: the principal found before passes if Keycloak permits it. */
export function toPermitGate<Incoming>(
  decide: Decide<Incoming>,
  principalOf: (request: Incoming) => Principal | null | undefined,
): Pick<Gate<Incoming, unknown>, 'decide'> & DocumentedPermit {
  const { asked = [], status = 403 } = decide as Partial<DocumentedPermit>;
  return {
    asked,
    status,
    decide(request) {
      const principal = principalOf(request) ?? null;
      const decided = decide(request, principal);
      return decided === undefined ? principal : decided.then(() => principal);
    },
  };
}
