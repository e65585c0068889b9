/**
 * For `@keycloak-guard/connect` of the same version only. Names here change without notice in any version, so import nothing from
 * this path.
 */
import { optionRules as rules } from '../core/internal.ts';

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
  isId,
  isPlainObject,
  isThenable,
  type KeyFinder,
  makerOf,
  NO_REALM,
  type OptionRule,
  type OptionRules,
  ofEach,
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
  withoutEndSlashes,
} from '../core/internal.ts';
export {
  assertSameOrigin,
  decodeCookie,
  isHarmless,
  readCookie,
  toReturnPath,
  toSetCookie,
} from '../session/internal.ts';

/** Those that connect's options use: the whole module would be an object with all of its names, which every adapter loads. */
export const optionRules = {
  CLIENT_SECRET: rules.CLIENT_SECRET,
  REALM: rules.REALM,
  SERVER_URL: rules.SERVER_URL,
  callable: rules.callable,
  having: rules.having,
  isTrimmed: rules.isTrimmed,
  oneOf: rules.oneOf,
  required: rules.required,
  string: rules.string,
  trueOrFalse: rules.trueOrFalse,
};
