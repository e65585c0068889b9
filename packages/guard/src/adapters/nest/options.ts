import { type ExecutionContext, Logger } from '@nestjs/common';
import type { AppClaims, Log } from '../../core/index.ts';
import { checkOptions, type OptionRules } from '../../core/internal.ts';
import type { LoginLimitSettings, McpOptions, Parts } from '../engine/index.ts';
import type {
  BackchannelLogoutOptions,
  KeycloakOptions,
  OnDenied,
  SessionSettings,
} from '../engine/internal.ts';
import type { Call, KeycloakRequest } from './call.ts';
import type { TokenReaders } from './to-call.ts';

/**
 * Options of the Nest module beside those that every adapter has. The paths of sessions, messages and metadata start at the
 * root of the app, without its global prefix.
 */
export interface NestOptions extends Omit<Parts<KeycloakRequest>, 'backchannelLogout'> {
  /**
   * Answers `POST /backchannel-logout`, by which Keycloak reports that a session ended (OpenID Connect Back-Channel Logout
   * 1.0). Default false.
   */
  readonly backchannelLogout?: boolean | BackchannelLogoutOptions | undefined;
  /** Guards the handlers with `@Mcp()` as an MCP server, and answers its metadata. Default: no MCP server. */
  readonly mcp?: McpOptions | undefined;
  /** Limits of handlers with `@UseGuards(LoginLimitsGuard)`. Default: 300 logins in a minute from one address. */
  readonly loginLimits?: LoginLimitSettings<KeycloakRequest> | undefined;
  /**
   * Name of the security scheme in documents of `@nestjs/swagger`, where guarded routes get security, 401, 403 and 503.
   * Default `bearer`, that of `addBearerAuth()`.
   */
  readonly securityScheme?: string | undefined;
  /**
   * Where to find the token of a message, by kind of context. Default: `graphql` reads the operation's request, which a
   * subscription does not have; `ws` reads the handshake, or Socket.IO's `auth.token`; `rpc` (microservices) has no default.
   */
  readonly tokenFrom?: TokenReaders | undefined;
}

/** Options of {@link KeycloakModule}: those of a verifier, or a finished verifier, and what the module adds. */
export type KeycloakModuleOptions<C extends object = AppClaims> = KeycloakOptions<
  ExecutionContext,
  C,
  KeycloakRequest
> &
  NestOptions;

const isReaders = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every(
    ([kind, read]) =>
      ['graphql', 'ws', 'rpc'].includes(kind) && (read === undefined || typeof read === 'function'),
  );
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const optionsOf = (what: string, example: string) => ({
  rule: `must be options of ${what}`,
  example,
  accepts: isObject,
});

const RULES: OptionRules<NestOptions> = {
  session: optionsOf('sessions', "{ secret: '<openssl rand -hex 32>' }"),
  backchannelLogout: {
    rule: 'must be true, false or options',
    example: 'true',
    accepts: (value) => typeof value === 'boolean' || isObject(value),
  },
  protectedResource: optionsOf('a protected resource', "{ url: 'https://api.example.com' }"),
  mcp: optionsOf('an MCP server', "{ url: 'https://example.com/mcp', scopes: ['mcp:tools'] }"),
  permissions: optionsOf('createPermissions', "{ clientSecret: '<secret of the client>' }"),
  loginLimits: optionsOf('login limits', '{ username: ({ body }) => body?.username }'),
  securityScheme: {
    rule: 'must be the name of a security scheme',
    example: "'bearer'",
    accepts: (value) => typeof value === 'string' && value !== '',
  },
  tokenFrom: {
    rule: 'must be functions named graphql, ws or rpc',
    example: '{ rpc: (context) => context.switchToRpc().getData().token }',
    accepts: isReaders,
  },
};

/** @throws {OptionsError} naming every option of the module that is wrong */
export function splitOptions<C extends object>(
  options: KeycloakModuleOptions<C>,
): { nest: NestOptions; rest: KeycloakOptions<ExecutionContext, C> } {
  const isOwn = ([name]: [string, unknown]) => Object.hasOwn(RULES, name);
  const all = Object.entries(options);
  const nest = Object.fromEntries(all.filter(isOwn)) as NestOptions;
  checkOptions('KeycloakModule', nest, RULES);
  const rest = Object.fromEntries(all.filter((one) => !isOwn(one)));
  return { nest, rest: rest as unknown as KeycloakOptions<ExecutionContext, C> };
}

// The engine calls listeners with our `Call`. They expect Nest's context or the platform's request.

/** Calls `onDenied` with Nest's context. */
export function toCallOptions<C extends object>(
  options: KeycloakOptions<ExecutionContext, C>,
): KeycloakOptions<Call, C> {
  const { onDenied } = options;
  const listener: OnDenied<Call> | undefined =
    onDenied && (({ context }, error, who) => onDenied(context as ExecutionContext, error, who));
  return { ...options, onDenied: listener } as object as KeycloakOptions<Call, C>;
}

/** Calls the listeners of sessions with the platform's request. */
export function toCallParts({
  session,
  backchannelLogout = false,
  protectedResource,
  permissions,
}: NestOptions): Parts<Call> {
  return {
    ...{ protectedResource, permissions },
    session: session && toCallSession(session),
    backchannelLogout: backchannelLogout === true ? {} : backchannelLogout,
  };
}

function toCallSession({
  onEvent,
  onLogin,
  authorizationParameters: parameters,
  ...rest
}: SessionSettings<KeycloakRequest>): SessionSettings<Call> {
  return {
    ...rest,
    onEvent: onEvent && ((event, call) => onEvent(event, call && requestOf(call))),
    onLogin: onLogin && ((principal, call) => onLogin(principal, requestOf(call))),
    authorizationParameters:
      typeof parameters === 'function' ? (call: Call) => parameters(requestOf(call)) : parameters,
  };
}

/** Sessions only come over HTTP. */
function requestOf({ request }: Call): KeycloakRequest {
  return request as KeycloakRequest;
}

/** Writes fields and message as one line: Nest's logger takes texts. */
export function createNestLog(): Log {
  const logger = new Logger('Keycloak');
  return {
    info: (fields, message) => logger.log(toLine(fields, message)),
    warn: (fields, message) => logger.warn(toLine(fields, message)),
    error: (fields, message) => logger.error(toLine(fields, message), (fields as Fields).err?.stack),
  };
}

type Fields = { readonly err?: Error; readonly [field: string]: unknown };

function toLine(fields: object, message: string): string {
  const { err, fix, ...rest } = fields as Fields;
  const details = Object.entries(rest)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([name, value]) => `${name}: ${value}`);
  const more = [...details, ...(err === undefined ? [] : [err.message])].join(', ');
  return [message, ...(more === '' ? [] : [`(${more})`]), ...(fix === undefined ? [] : [`– ${fix}`])].join(
    ' ',
  );
}
