import { AuthError } from '../../core/index.ts';
import { fetchWith, toSafeText } from '../../core/internal.ts';
import { type AuthzContext, createKeycloakCalls } from '../keycloak/context.ts';
import { createProtectionApi, type ProtectionApi } from '../keycloak/protection-api.ts';
import { createAnswerCache } from './answers.ts';
import { createBatches } from './batches.ts';
import { type Caller, createJudge, type Judge } from './judge.ts';
import { createCatalog, createKnownNames, findUnknown, type KnownNames } from './names.ts';
import { credentialOf, type PermissionsOptions, planOf, resolvePermissionsOptions } from './options.ts';
import {
  describe,
  type Permission,
  type PermissionLike,
  type PushedClaims,
  toClaimText,
  toPermissions,
} from './permission.ts';
import { askAsIs, askKeycloak, type GrantedResource, submitTicket } from './question.ts';

/** Options of a question. */
export interface AskOptions {
  /** Claims for the policies, beside the token. Never pass what the caller can choose. Default none. */
  readonly claims?: PushedClaims | undefined;
}

/** Asks Keycloak's authorization services what callers may do with which resources. */
export interface Permissions {
  /** Client in Keycloak that the resources belong to. */
  readonly clientId: string;
  /**
   * The permissions of a list that are granted. Sends at most one question for 50 resources, beside looking up their names.
   *
   * @throws {PermissionSyntaxError} (rejects with one) for an empty list, or an entry that is not a permission
   * @throws {TypeError} (rejects with one) for claims that are not texts or lists of texts
   * @throws {AuthError} (rejects with one) `provider_misconfigured` if Keycloak has no such resource or scope, `token_…` if the
   *   token is not valid, `permission_unaskable` if it is bound to a key, `provider_unavailable` if Keycloak does not answer
   * @example
   * const granted = await permissions.check(principal, ['orders#view', 'orders#edit']);
   * const mayEdit = granted.some(({ scope }) => scope === 'edit');
   */
  check(
    caller: Caller,
    permissions: readonly PermissionLike[],
    options?: AskOptions,
  ): Promise<readonly Permission[]>;
  /**
   * Whether all permissions of a list are granted. Rejects as `check` does.
   *
   * @example
   * if (await permissions.has(principal, ['orders#view'])) showOrders();
   */
  has(caller: Caller, permissions: readonly PermissionLike[], options?: AskOptions): Promise<boolean>;
  /**
   * Everything that is granted, by resource. Asks Keycloak at every call. Rejects as `check` does.
   *
   * @example
   * const names = (await permissions.list(principal)).map(({ name }) => name);
   */
  list(caller: Caller, options?: AskOptions): Promise<readonly GrantedResource[]>;
  /**
   * Looks up in Keycloak all permissions of permits and path enforcers that do not depend on the request, so that a mistake
   * is found when the application starts and not by the first caller. Call it after the routes are there.
   *
   * @param more other permissions: those that depend on the request, or in Nest, where permits are made later
   * @throws {PermissionSyntaxError} for what is no permission
   * @throws {AuthError} `provider_misconfigured`, its `reason` naming all that Keycloak lacks; `provider_unavailable`
   */
  assertKnown(more?: readonly PermissionLike[]): Promise<void>;
}

/** The parts behind `Permissions`. Kept beside it, so that printing the permissions prints no secret. */
export interface PermissionsEngine {
  readonly permissions: Permissions;
  readonly judge: Judge;
  readonly names: KnownNames;
  readonly api: ProtectionApi;
  readonly clientId: string;
  question(
    token: string,
    permissions: readonly string[],
    fields: Readonly<Record<string, string>>,
  ): Promise<string | 'unknown'>;
  readonly permissionMs: number;
  readonly clock: () => number;
  submit(token: string, ticket: string): ReturnType<typeof submitTicket>;
}

/** Most answers in memory, about 200 bytes each. */
const MOST_ANSWERS = 100_000;

const engines = new WeakMap<Permissions, PermissionsEngine>();

/** @throws {TypeError} for permissions that {@link createPermissions} did not make */
export function engineOf(permissions: Permissions): PermissionsEngine {
  const known = engines.get(permissions);
  if (known !== undefined) return known;
  const options = planOf(permissions);
  if (options === undefined) throw new TypeError('The permissions must be those of createPermissions');
  const engine = engineOf(createPermissions(options));
  engines.set(permissions, engine);
  return engine;
}

/**
 * Asks Keycloak's authorization services, and remembers each answer for `permissionSeconds`. No I/O before the first
 * question, and no timers.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @see Keycloak, Authorization Services Guide
 * @example
 * const permissions = createPermissions({ verifier, clientSecret: process.env.KEYCLOAK_CLIENT_SECRET ?? '' });
 * if (await permissions.has(principal, ['orders#view'])) showOrders();
 */
export function createPermissions(options: PermissionsOptions): Permissions {
  const resolved = resolvePermissionsOptions(options);
  const { verifier } = resolved;
  const context = toContext(resolved);
  const api = createProtectionApi(context);
  const names = createKnownNames();
  const catalog = createCatalog(context, api, names);
  const cache = createAnswerCache(context.permissionMs === 0 ? 0 : MOST_ANSWERS);
  const ask: Parameters<typeof createBatches>[0] = (subject, permissions) =>
    askKeycloak(context, subject, permissions);
  const batches = createBatches(ask, catalog, context.clock);
  const judge = createJudge({ context, cache, batches, catalog, verifier: verifier as never });

  async function check(caller: Caller, list: readonly PermissionLike[], { claims }: AskOptions = {}) {
    const permissions = toPermissions(list);
    const verdicts = await judge.decide(caller, permissions, toClaimText(claims));
    const at = verdicts.indexOf('unknown');
    if (at !== -1) throw toUnknown(permissions[at] as Permission, context.clientId);
    return permissions.filter((_, index) => verdicts[index] === 'granted');
  }

  const permissions: Permissions = {
    clientId: context.clientId,
    check,
    async has(caller, list, more) {
      return (await check(caller, list, more)).length === list.length;
    },
    async list(caller, { claims } = {}) {
      const token = await judge.tokenFor(caller);
      const answer = await ask({ token, claims: toClaimText(claims) }, []);
      return answer === 'unknown' ? [] : answer;
    },
    async assertKnown(more = []) {
      const all = [...(await names.all()), ...(more.length === 0 ? [] : toPermissions(more))];
      const unknown = await findUnknown(api, context.clientId, all);
      if (unknown.length === 0) return;
      const reasons = unknown.map((one) => toUnknown(one, context.clientId).reason);
      throw new AuthError('provider_misconfigured', reasons.join('. '));
    },
  };
  const { permissionMs, clock, clientId } = context;
  const submit: PermissionsEngine['submit'] = (token, ticket) => submitTicket(context, token, ticket);
  const question: PermissionsEngine['question'] = (token, permissions, fields) =>
    askAsIs(context, token, permissions, fields);
  engines.set(permissions, {
    permissions,
    judge,
    names,
    api,
    clientId,
    question,
    permissionMs,
    clock,
    submit,
  });
  return permissions;
}

function toContext(filled: ReturnType<typeof resolvePermissionsOptions>): AuthzContext {
  const { verifier, clientId = verifier.clientId, timeoutMs } = filled;
  const credential = credentialOf(filled);
  return {
    issuer: verifier.issuer,
    clientId,
    credential,
    calls: createKeycloakCalls({ fetch: fetchWith(credential, filled.fetch), timeoutMs }),
    permissionMs: filled.permissionSeconds * 1000,
    clock: verifier.context.options.clock,
  };
}

/** The error for a permission that Keycloak does not know: the guard is wrong, not the caller. */
export function toUnknown(permission: Permission, clientId: string): AuthError {
  const { scope, resourceId } = permission;
  const what =
    scope === undefined
      ? `has no resource ${quote(describe(permission))} without scopes`
      : `has no ${quote(describe(permission))}`;
  const fix = `Create the ${scope === undefined ? 'resource' : `resource with the scope ${quote(scope)}`} in Keycloak (Clients > ${clientId} > Authorization), or correct the guard`;
  const owned = resourceId === undefined ? '. Ask for what a user owns by its resourceId' : '';
  return new AuthError('provider_misconfigured', `The client ${clientId} ${what}. ${fix}${owned}`);
}

const quote = (text: string): string => JSON.stringify(toSafeText(text));
