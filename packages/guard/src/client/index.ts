export type {
  AuthorizationRequest,
  AuthorizationResponse,
  EndSessionRequest,
  StartedAuthorization,
} from './authorization-code.ts';
export type { ApiRequest } from './call-api.ts';
export type { ServiceToken } from './client.ts';
export { createClient, type KeycloakClient } from './client.ts';
export type { ClientOptions } from './context.ts';
export { diagnoseTokenError } from './diagnosis.ts';
export type { ClientErrorKind, Diagnosis, TokenAnswer } from './errors.ts';
export { AuthorizationError, ClientError } from './errors.ts';
export type {
  CodeExchange,
  DeviceGrantRequest,
  DevicePrompt,
  ExchangeRequest,
  PasswordGrantRequest,
} from './grants.ts';
export type { Tokens } from './tokens.ts';
