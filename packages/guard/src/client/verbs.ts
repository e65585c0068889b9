// The calls of a client. Loaded by the first one, because this loads oauth4webapi.
export { endSessionUrl, finishAuthorization, startAuthorization } from './authorization-code.ts';
export { callApi } from './call-api.ts';
export { clientCredentials } from './client-credentials.ts';
export { deviceGrant } from './device.ts';
export { exchange } from './exchange.ts';
export { exchangeCode } from './exchange-code.ts';
export { jwtBearer } from './jwt-bearer.ts';
export { endSession, logout } from './logout.ts';
export { passwordGrant } from './password-grant.ts';
export { refresh } from './refresh.ts';
export { revoke } from './revoke.ts';
