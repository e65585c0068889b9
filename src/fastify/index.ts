export {
  type BackchannelLogoutOptions,
  backchannelLogout,
  type KeycloakMessage,
} from './backchannel-logout.ts';
export type { GuardHook, GuardOptions, OnDenied, SessionAuthenticator } from './guard-hook.ts';
export {
  type KeycloakGuardOptions,
  keycloakGuard as default,
  keycloakGuard,
} from './plugin.ts';
