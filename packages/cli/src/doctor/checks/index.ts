import type { Check } from '../check.ts';
import type { DoctorOptions } from '../options.ts';
import { UPGRADE_CHECKS } from '../upgrade/checks.ts';
import { ADDRESS_CHECKS } from './address.ts';
import { ADMIN_ACCESS_CHECKS, REALM_ADMIN_CHECKS } from './admin.ts';
import { AUTHZ_MODEL_CHECKS, AUTHZ_SETTINGS_CHECKS } from './authz.ts';
import { BROWSER_LOGIN_CHECKS, SPA_CHECKS } from './client/browser-login.ts';
import { IDENTITY_CHECKS } from './client/identity.ts';
import { CLIENT_SETTINGS_CHECKS, GRANT_CHECKS } from './client/settings.ts';
import { loginPassword, USER_CHECKS } from './login/password.ts';
import { loginLogout, SESSION_CHECKS, USERINFO_CHECKS } from './login/session.ts';
import { clockSkew, LOGIN_TOKEN_CHECKS } from './login/token.ts';
import { MCP_CHECKS } from './mcp.ts';
import { REALM_CHECKS, realmEnabled } from './realm.ts';
import { ROUTE_CHECKS } from './route.ts';
import { SERVICE_CHECKS } from './service.ts';
import { SETTINGS_CHECKS } from './settings.ts';
import { TENANT_CHECKS } from './tenant.ts';
import { SCOPE_CHECKS } from './token/claims.ts';
import { tokenNeeds } from './token/needs.ts';
import { tokenAccepted, tokenContent } from './token-input/refusal.ts';
import { tokenSession } from './token-input/session.ts';

export const AUTHZ_CHECKS: readonly Check[] = [...AUTHZ_SETTINGS_CHECKS, ...AUTHZ_MODEL_CHECKS];

const GROUND: readonly Check[] = [...SETTINGS_CHECKS, ...ADDRESS_CHECKS, ...REALM_CHECKS];

/** All checks in order: each builds on those before it. */
export const CHECKS: readonly Check[] = [
  ...GROUND,
  realmEnabled,
  ...IDENTITY_CHECKS,
  ...GRANT_CHECKS,
  ...BROWSER_LOGIN_CHECKS,
  ...SCOPE_CHECKS,
  clockSkew,
  loginPassword,
  ...LOGIN_TOKEN_CHECKS,
  ...USERINFO_CHECKS,
  ...SESSION_CHECKS,
  ...ADMIN_ACCESS_CHECKS,
  ...USER_CHECKS,
  ...REALM_ADMIN_CHECKS,
  ...CLIENT_SETTINGS_CHECKS,
  ...AUTHZ_CHECKS,
  ...SERVICE_CHECKS,
];

export const TOKEN_CHECKS: readonly Check[] = [tokenContent, ...GROUND, tokenAccepted, tokenSession];

export const BROWSER_CHECKS: readonly Check[] = [...GROUND, realmEnabled, ...SPA_CHECKS];

export const BEFORE_UPGRADE: readonly Check[] = [...GROUND, ...ADMIN_ACCESS_CHECKS, ...UPGRADE_CHECKS];

export const OF_A_TENANT: readonly Check[] = [...GROUND, ...ADMIN_ACCESS_CHECKS, ...TENANT_CHECKS];

export const BY_FLAG: readonly Check[] = [tokenNeeds, ...ROUTE_CHECKS];

export function checksFor(options: DoctorOptions): readonly Check[] {
  const { token, mcpUrl, spa, routeUrl, protectedUrl, serverUrl, upgradeTo, tenant, wants } = options;
  if (mcpUrl !== undefined) return MCP_CHECKS;
  if (tenant !== undefined) return OF_A_TENANT;
  if (upgradeTo !== undefined) return BEFORE_UPGRADE;
  const hasRoute = (routeUrl ?? protectedUrl) !== undefined;
  const byFlag = [...(wants.length > 0 ? [tokenNeeds] : []), ...(hasRoute ? ROUTE_CHECKS : [])];
  if (spa !== undefined)
    return [...(token === undefined ? [] : [tokenContent]), ...BROWSER_CHECKS, ...byFlag];
  if (token !== undefined) return [...TOKEN_CHECKS, ...byFlag];
  if (!hasRoute) return [...CHECKS, ...byFlag];
  // The logout ends the session of the token that the route is shown, and Keycloak tells the API so.
  const beforeLogout = CHECKS.filter((one) => one !== loginLogout);
  return serverUrl === undefined && routeUrl !== undefined
    ? ROUTE_CHECKS
    : [...beforeLogout, ...byFlag, loginLogout];
}
