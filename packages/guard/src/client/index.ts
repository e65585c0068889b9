export type {
  AuthorizationRequest,
  AuthorizationResponse,
  EndSessionRequest,
  StartedAuthorization,
} from './authorization-code.ts';
export type { ApiRequest } from './call-api.ts';
export { createClient, type KeycloakClient } from './client.ts';
export type { DevicePrompt } from './device.ts';
export { diagnoseTokenError } from './diagnosis.ts';
export { AuthorizationError, ClientError } from './errors.ts';
export type { CodeExchange, ExchangeRequest, JwtBearerRequest, PasswordGrantRequest } from './grants.ts';
export type { ClientOptions } from './options.ts';
export type { ServiceToken, ServiceTokenRequest } from './service-token.ts';
export type { ClientErrorKind, Diagnosis, TokenAnswer } from './token-answer.ts';
export type { Tokens } from './tokens.ts';
