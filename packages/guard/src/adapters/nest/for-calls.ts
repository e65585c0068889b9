import type { ExecutionContext } from '@nestjs/common';
import type {
  BackchannelLogoutOptions,
  KeycloakOptions,
  OnDenied,
  SessionSettings,
} from '../engine/internal.ts';
import type { Parts } from '../face/index.ts';
import type { Call, KeycloakRequest } from './call.ts';
import type { NestOptions } from './options.ts';

// The engine calls listeners with our `Call`. They expect Nest's context or the platform's request.

/** Calls `onDenied` with Nest's context. */
export function toCallOptions<C extends object>(
  options: KeycloakOptions<ExecutionContext, C>,
): KeycloakOptions<Call, C> {
  const { onDenied } = options;
  const told: OnDenied<Call> | undefined =
    onDenied && (({ context }, error, who) => onDenied(context as ExecutionContext, error, who));
  return { ...options, onDenied: told } as object as KeycloakOptions<Call, C>;
}

/** Calls the listeners of sessions and messages with the platform's request. */
export function toCallParts({
  session,
  backchannelLogout = false,
  protectedResource,
  permissions,
}: NestOptions): Parts<Call> {
  return {
    ...{ protectedResource, permissions },
    session: session && toCallSession(session),
    backchannelLogout: toCallMessages(backchannelLogout === true ? {} : backchannelLogout),
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

function toCallMessages(
  options: BackchannelLogoutOptions<KeycloakRequest> | false,
): BackchannelLogoutOptions<Call> | false {
  if (options === false) return false;
  const { onMessage, ...rest } = options;
  return { ...rest, onMessage: onMessage && ((call, message) => onMessage(requestOf(call), message)) };
}

/** Sessions and messages only come over HTTP. */
function requestOf({ request }: Call): KeycloakRequest {
  return request as KeycloakRequest;
}
