import type { ExecutionContext } from '@nestjs/common';
import type {
  BackchannelLogoutOptions,
  KeycloakOptions,
  OnDenied,
  SessionSettings,
} from '../adapter/internal.ts';
import type { Call, KeycloakRequest } from './call.ts';

// The engine calls listeners with a call of ours; they are told of what the application knows.

/** Who listens to refusals is told of Nest's context. */
export function toCallOptions<C extends object>(
  options: KeycloakOptions<ExecutionContext, C>,
): KeycloakOptions<Call, C> {
  const { onDenied } = options;
  const told: OnDenied<Call> | undefined =
    onDenied && (({ context }, error, who) => onDenied(context as ExecutionContext, error, who));
  return { ...options, onDenied: told } as object as KeycloakOptions<Call, C>;
}

export function toCallSession({
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

export function toCallMessages({
  onMessage,
  ...rest
}: BackchannelLogoutOptions<KeycloakRequest>): BackchannelLogoutOptions<Call> {
  return { ...rest, onMessage: onMessage && ((call, message) => onMessage(requestOf(call), message)) };
}

/** Sessions and messages come by HTTP alone. */
function requestOf({ request }: Call): KeycloakRequest {
  return request as KeycloakRequest;
}
