// The calls of a client. Loaded by the first one, because this loads oauth4webapi.
export { endSessionUrl, finishAuthorization, startAuthorization } from './authorization-code.ts';
export { callApi } from './call-api.ts';
export { deviceGrant } from './device.ts';
export { clientCredentials, exchange, exchangeCode, jwtBearer, passwordGrant, refresh } from './grants.ts';
export { endSession, logout } from './logout.ts';
export { revoke } from './revoke.ts';
