export type { BackchannelLogoutOptions, SessionSettings } from '../adapter/internal.ts';
export type { KeycloakRequest } from './call.ts';
export {
  type AccessDecorator,
  ClientRoles,
  OptionalAuth,
  Principal,
  Public,
  Require,
  Roles,
  Scopes,
} from './decorators.ts';
export { KeycloakGuard } from './guard.ts';
export { KeycloakModule, type KeycloakModuleAsyncOptions } from './module.ts';
export type { KeycloakModuleOptions, NestOptions } from './options.ts';
export { KeycloakService } from './service.ts';
export type { TokenReader, TokenReaders } from './to-call.ts';
