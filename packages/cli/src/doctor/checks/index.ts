import type { Check } from '../check.ts';
import type { DoctorOptions } from '../options.ts';
import { UPGRADE_CHECKS } from '../upgrade/checks.ts';
import { addressDns, addressKeycloak, addressPort, addressProxy } from './address/network.ts';
import { addressTls } from './address/tls.ts';
import { ADMIN_ACCESS_CHECKS } from './admin/access.ts';
import { CLIENT_SETTINGS_CHECKS } from './admin/client-settings.ts';
import { flowDirectGrant } from './admin/flow.ts';
import { flowLevels } from './admin/levels.ts';
import { REALM_ADMIN_CHECKS } from './admin/realm.ts';
import { USER_CHECKS } from './admin/user.ts';
import { AUTHZ_CHECKS } from './authz/index.ts';
import { clientAuthenticator } from './client/authenticator.ts';
import { BROWSER_LOGIN_CHECKS } from './client/browser-login.ts';
import { clientEvents } from './client/events.ts';
import { clientKnown } from './client/known.ts';
import { clientPasswordGrant } from './client/password-grant.ts';
import { clientSecret } from './client/secret.ts';
import {
  clientConsent,
  clientDirectGrants,
  clientDpop,
  clientEnabled,
  clientIntrospection,
  clientScopes,
  clientType,
} from './client/settings.ts';
import { clientWebOrigins } from './client/web-origins.ts';
import { loginIntrospection } from './login/introspection.ts';
import { loginLightweight } from './login/lightweight.ts';
import { loginPassword } from './login/password.ts';
import { loginLogout, SESSION_CHECKS } from './login/session.ts';
import { LOGIN_TOKEN_CHECKS } from './login/token.ts';
import { loginUserinfo } from './login/userinfo.ts';
import { MCP_CHECKS } from './mcp/index.ts';
import { issuerHostname } from './realm/hostname.ts';
import { keysSigning } from './realm/keys.ts';
import { issuerDiscovery, realmEnabled, realmExists, realmHttps } from './realm/realm.ts';
import { ROUTE_CHECKS } from './route/index.ts';
import { SERVICE_CHECKS } from './service/service.ts';
import { settingsRedis } from './settings/redis.ts';
import { SETTINGS_CHECKS } from './settings/settings.ts';
import { SPA_CHECKS } from './spa/index.ts';
import { TENANT_CHECKS } from './tenant/index.ts';
import { mapperAudience } from './token/audience.ts';
import { clockSkew } from './token/clock.ts';
import { tokenNeeds } from './token/needs.ts';
import { SCOPE_CHECKS } from './token/scopes.ts';
import { loginSize } from './token/size.ts';
import { tokenAccepted } from './token-input/accepted.ts';
import { tokenContent } from './token-input/content.ts';
import { tokenSession } from './token-input/session.ts';

const GROUND: readonly Check[] = [
  ...SETTINGS_CHECKS,
  settingsRedis,
  addressDns,
  addressPort,
  addressTls,
  addressProxy,
  addressKeycloak,
  realmExists,
  realmHttps,
  issuerDiscovery,
  issuerHostname,
  keysSigning,
];

/** All checks in order: each builds on those before it. */
export const CHECKS: readonly Check[] = [
  ...GROUND,
  realmEnabled,
  clientKnown,
  clientEnabled,
  clientAuthenticator,
  clientSecret,
  clientType,
  clientDirectGrants,
  clientConsent,
  clientDpop,
  clientPasswordGrant,
  clientIntrospection,
  clientEvents,
  ...BROWSER_LOGIN_CHECKS,
  clientWebOrigins,
  clientScopes,
  ...SCOPE_CHECKS,
  mapperAudience,
  clockSkew,
  loginPassword,
  loginSize,
  ...LOGIN_TOKEN_CHECKS,
  loginLightweight,
  loginUserinfo,
  loginIntrospection,
  ...SESSION_CHECKS,
  ...ADMIN_ACCESS_CHECKS,
  ...USER_CHECKS,
  ...REALM_ADMIN_CHECKS,
  flowDirectGrant,
  flowLevels,
  ...CLIENT_SETTINGS_CHECKS,
  ...AUTHZ_CHECKS,
  ...SERVICE_CHECKS,
];

/** The checks for a token that was piped in. */
export const TOKEN_CHECKS: readonly Check[] = [tokenContent, ...GROUND, tokenAccepted, tokenSession];

/** The checks for a single-page app. */
export const BROWSER_CHECKS: readonly Check[] = [...GROUND, realmEnabled, ...SPA_CHECKS];

/** The checks before an upgrade of Keycloak. */
export const BEFORE_UPGRADE: readonly Check[] = [...GROUND, ...ADMIN_ACCESS_CHECKS, ...UPGRADE_CHECKS];

/** The checks of a tenant. */
export const OF_A_TENANT: readonly Check[] = [...GROUND, ...ADMIN_ACCESS_CHECKS, ...TENANT_CHECKS];

/** The checks that a flag asks for. */
export const ASKED: readonly Check[] = [tokenNeeds, ...ROUTE_CHECKS];

/** Which checks the options ask for. A route needs no settings. */
export function checksFor(options: DoctorOptions): readonly Check[] {
  const { readsToken, mcpUrl, spa, routeUrl, serverUrl, upgradeTo, tenant, wants } = options;
  if (mcpUrl !== undefined) return MCP_CHECKS;
  if (tenant !== undefined) return OF_A_TENANT;
  if (upgradeTo !== undefined) return BEFORE_UPGRADE;
  const asked = [...(wants.length > 0 ? [tokenNeeds] : []), ...(routeUrl === undefined ? [] : ROUTE_CHECKS)];
  if (spa !== undefined) return [...BROWSER_CHECKS, ...asked];
  if (readsToken) return [...TOKEN_CHECKS, ...asked];
  if (routeUrl === undefined) return [...CHECKS, ...asked];
  // The logout ends the session of the token that the route is shown, and Keycloak tells the API so.
  const beforeLogout = CHECKS.filter((one) => one !== loginLogout);
  return serverUrl === undefined ? ROUTE_CHECKS : [...beforeLogout, ...asked, loginLogout];
}
