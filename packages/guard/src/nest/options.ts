import type { ExecutionContext } from '@nestjs/common';
import type {
  BackchannelLogoutOptions,
  KeycloakOptions,
  PathEnforcerOptions,
  PermissionSettings,
  ProtectedResourceOptions,
  SessionSettings,
} from '../adapter/internal.ts';
import type { Claims } from '../core/index.ts';
import { checkOptions, type OptionRules } from '../core/internal.ts';
import type { McpOptions } from '../mcp/index.ts';
import type { KeycloakRequest } from './call.ts';
import type { TokenReaders } from './to-call.ts';

/** What Nest's module adds to the options of every adapter. */
export interface NestOptions {
  /**
   * Signs people in with the browser: answers login, callback, session and logout. Guards then take its cookie as well as a
   * bearer token, and send the browser to the login where a page is asked for and nobody is signed in. The paths count from
   * the root of the app, whatever its global prefix is.
   */
  readonly session?: SessionSettings<KeycloakRequest> | undefined;
  /**
   * Lets Keycloak tell that a session ended: answers `POST /backchannel-logout`, from the root of the app. Default false.
   */
  readonly backchannelLogout?: boolean | BackchannelLogoutOptions<KeycloakRequest> | undefined;
  /**
   * Says which resource this API is: answers `GET /.well-known/oauth-protected-resource`, with the path of its URL behind, and
   * names it in every challenge (RFC 9728). Default: nothing is said.
   */
  readonly protectedResource?: ProtectedResourceOptions | undefined;
  /**
   * Guards an MCP server at the path of its URL, and answers its metadata. Its handler needs no decorator; for the transport of
   * the SDK, `auth` is on Node's request. Who is refused is answered before filters are asked. Default: there is none.
   */
  readonly mcp?: McpOptions | undefined;
  /**
   * Questions to Keycloak's authorization services, for `@Permission`. `clientSecret` may be left out where it is given beside.
   * Default: none are asked, and whatever requires a permission is refused.
   */
  readonly permissions?: PermissionSettings | undefined;
  /**
   * Decides by path and method of the request, for every handler that is guarded, after its guard and before its permissions:
   * as the policy enforcer of Keycloak's adapters for Java does. What is `@Public()` is open; messages, and operations whose token `tokenFrom`
   * reads, have no path. Needs
   * `permissions`. Default: none.
   */
  readonly pathEnforcer?: Omit<PathEnforcerOptions, 'permissions'> | undefined;
  /**
   * Where the token of a message stands, by kind of context. `rpc` (microservices) has no default. `graphql`: by default in
   * the request of the operation; subscriptions have none. `ws`: by default in the handshake, or Socket.IO's `auth.token`.
   */
  readonly tokenFrom?: TokenReaders | undefined;
}

/** Options of {@link KeycloakModule}: those of a verifier, or a verifier made before; and what the module adds. */
export type KeycloakModuleOptions<C extends object = Claims> = KeycloakOptions<ExecutionContext, C> &
  NestOptions;

const isReaders = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(
    ([kind, read]) =>
      ['graphql', 'ws', 'rpc'].includes(kind) && (read === undefined || typeof read === 'function'),
  );
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const RULES: OptionRules<NestOptions> = {
  session: {
    rule: 'must be options of sessions',
    example: "{ secret: '<openssl rand -hex 32>' }",
    isMet: isObject,
  },
  backchannelLogout: {
    rule: 'must be true, false or options',
    example: 'true',
    isMet: (value) => typeof value === 'boolean' || isObject(value),
  },
  protectedResource: {
    rule: 'must be options of a protected resource',
    example: "{ url: 'https://api.example.com' }",
    isMet: isObject,
  },
  mcp: {
    rule: 'must be options of an MCP server',
    example: "{ url: 'https://example.com/mcp', scopes: ['mcp:tools'] }",
    isMet: isObject,
  },
  permissions: {
    rule: 'must be options of createPermissions, or { permissions }',
    example: "{ clientSecret: '<secret of the client>' }",
    isMet: isObject,
  },
  pathEnforcer: {
    rule: 'must be options of createPathEnforcer, without permissions',
    example: "{ methodScopes: { GET: 'view' } }",
    isMet: isObject,
  },
  tokenFrom: {
    rule: 'must be functions named graphql, ws or rpc',
    example: '{ rpc: (context) => context.switchToRpc().getData().token }',
    isMet: isReaders,
  },
};

/** @throws {OptionsError} */
export function splitOptions<C extends object>(
  options: KeycloakModuleOptions<C>,
): { nest: NestOptions; rest: KeycloakOptions<ExecutionContext, C> } {
  const { session, backchannelLogout, protectedResource, mcp, ...others } = options;
  const { permissions, pathEnforcer, tokenFrom, ...rest } = others;
  const nest = { session, backchannelLogout, protectedResource, mcp, permissions, pathEnforcer, tokenFrom };
  checkOptions('KeycloakModule', nest, RULES);
  return { nest, rest: rest as KeycloakOptions<ExecutionContext, C> };
}
