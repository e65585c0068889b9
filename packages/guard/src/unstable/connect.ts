/**
 * For `@keycloak-guard/connect` of the same version only. Names here change without notice in any version, so import nothing from
 * this path.
 */
export {
  createPermissions,
  engineOf,
  listOwnResources,
  type Permission,
  type Permissions,
  type PermissionsEngine,
  type PermitRule,
  type PushedClaims,
  type Resource,
  readTokenPermissions,
  toPermit,
  toUnknown,
} from '../authz/internal.ts';
export {
  type ClientContext,
  callKeycloak,
  createContext,
  type OAuthApi,
  requestTokens,
  toBrowserEndpoints,
} from '../client/internal.ts';
export {
  ANY_AUDIENCE,
  authorizationOf,
  buildChallenge,
  createBoundedCache,
  createSingleFlight,
  findOptionProblems,
  getOrMake,
  hasSeveralHosts,
  isPlainObject,
  isThenable,
  type KeyFinder,
  makerOf,
  type OptionRule,
  type OptionRules,
  ofEach,
  optionRules,
  partsOf,
  type RequestGuard,
  readBody,
  readCompactJws,
  readCredentials,
  readingsOf,
  settleAll,
  toJsonObject,
  toRefusalAnswer,
  VERIFIER_RULES,
  verifySignedJwt,
} from '../core/internal.ts';
export {
  assertSameOrigin,
  decodeCookie,
  isHarmless,
  readCookie,
  toReturnPath,
  toSetCookie,
} from '../session/internal.ts';
