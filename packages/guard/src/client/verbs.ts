// The calls of a client. Loaded by the first one, because this loads oauth4webapi.
export { endSessionUrl, finishAuthorization, startAuthorization } from './authorization-code.ts';
export { callApi } from './call-api.ts';
export {
  clientCredentials,
  deviceGrant,
  exchange,
  exchangeCode,
  passwordGrant,
  refresh,
} from './grants.ts';
export { endOtherSessions, endSession, logout, revoke } from './logout.ts';
