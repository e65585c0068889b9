import type { Check } from '../check.ts';
import type { DoctorOptions } from '../options.ts';
import { UPGRADE_CHECKS } from '../upgrade/checks.ts';
import { addressDns } from './address/dns.ts';
import { addressKeycloak } from './address/keycloak.ts';
import { addressPort } from './address/port.ts';
import { addressProxy } from './address/proxy.ts';
import { addressTls } from './address/tls.ts';
import { adminLogin, adminRights } from './admin/access.ts';
import { clientLogout, clientLogoutUris, clientTokenBinding } from './admin/client-settings.ts';
import { realmFederation } from './admin/federation.ts';
import { flowDirectGrant } from './admin/flow.ts';
import { flowLevels } from './admin/levels.ts';
import { notBefore } from './admin/not-before.ts';
import { realmSettings } from './admin/realm-settings.ts';
import {
  userActions,
  userCredentials,
  userEnabled,
  userExists,
  userLocked,
  userProfile,
} from './admin/user.ts';
import { AUTHZ_CHECKS } from './authz/index.ts';
import { clientAuthenticator } from './client/authenticator.ts';
import {
  clientBrowserLogin,
  clientPar,
  clientPkce,
  clientRedirectUri,
  clientStandardFlow,
} from './client/browser-login.ts';
import { clientConsent } from './client/consent.ts';
import { clientDirectGrants } from './client/direct-grants.ts';
import { clientDpop } from './client/dpop.ts';
import { clientEnabled } from './client/enabled.ts';
import { clientEvents } from './client/events.ts';
import { clientIntrospection } from './client/introspection.ts';
import { clientKnown } from './client/known.ts';
import { clientPasswordGrant } from './client/password-grant.ts';
import { clientScopes } from './client/scopes.ts';
import { clientSecret } from './client/secret.ts';
import { clientType } from './client/type.ts';
import { clientWebOrigins } from './client/web-origins.ts';
import { loginIntrospection } from './login/introspection.ts';
import { loginLightweight } from './login/lightweight.ts';
import { loginLogout } from './login/logout.ts';
import { loginPassword } from './login/password.ts';
import { loginRefresh } from './login/refresh.ts';
import { loginIssuer, loginLifespan, loginToken } from './login/token.ts';
import { loginUserinfo } from './login/userinfo.ts';
import { MCP_CHECKS } from './mcp/index.ts';
import { issuerDiscovery } from './realm/discovery.ts';
import { realmEnabled } from './realm/enabled.ts';
import { realmExists } from './realm/exists.ts';
import { issuerHostname } from './realm/hostname.ts';
import { realmHttps } from './realm/https.ts';
import { keysSigning } from './realm/keys.ts';
import { ROUTE_CHECKS } from './route/index.ts';
import { serviceLogin } from './service/login.ts';
import { serviceAlive, serviceGuard, serviceReady } from './service/running.ts';
import { settingsFile } from './settings/env-file.ts';
import { settingsSecret } from './settings/secret.ts';
import { settingsValid } from './settings/valid.ts';
import { SPA_CHECKS } from './spa/index.ts';
import { TENANT_CHECKS } from './tenant/index.ts';
import { mapperAudience } from './token/audience.ts';
import { clockSkew } from './token/clock.ts';
import { tokenNeeds } from './token/needs.ts';
import { scopeBasic, scopeEmail, scopeOpenid, scopeProfile, scopeRoles } from './token/scopes.ts';
import { loginSize } from './token/size.ts';
import { tokenAccepted } from './token-input/accepted.ts';
import { tokenContent } from './token-input/content.ts';
import { tokenSession } from './token-input/session.ts';

const GROUND: readonly Check[] = [
  settingsValid,
  settingsSecret,
  settingsFile,
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
  clientStandardFlow,
  clientRedirectUri,
  clientPkce,
  clientPar,
  clientBrowserLogin,
  clientWebOrigins,
  clientScopes,
  scopeOpenid,
  scopeBasic,
  scopeProfile,
  scopeEmail,
  scopeRoles,
  mapperAudience,
  clockSkew,
  loginPassword,
  loginSize,
  loginToken,
  loginIssuer,
  loginLifespan,
  loginLightweight,
  loginUserinfo,
  loginIntrospection,
  loginRefresh,
  loginLogout,
  adminLogin,
  adminRights,
  userExists,
  userEnabled,
  userLocked,
  userActions,
  userProfile,
  userCredentials,
  notBefore,
  realmSettings,
  realmFederation,
  flowDirectGrant,
  flowLevels,
  clientTokenBinding,
  clientLogout,
  clientLogoutUris,
  ...AUTHZ_CHECKS,
  serviceAlive,
  serviceReady,
  serviceGuard,
  serviceLogin,
];

/** The checks for a token that was piped in. */
export const TOKEN_CHECKS: readonly Check[] = [tokenContent, ...GROUND, tokenAccepted, tokenSession];

/** The checks for a single-page app. */
export const BROWSER_CHECKS: readonly Check[] = [...GROUND, realmEnabled, ...SPA_CHECKS];

/** The checks before an upgrade of Keycloak. */
export const BEFORE_UPGRADE: readonly Check[] = [...GROUND, adminLogin, adminRights, ...UPGRADE_CHECKS];

/** The checks of a tenant. */
export const OF_A_TENANT: readonly Check[] = [...GROUND, adminLogin, adminRights, ...TENANT_CHECKS];

/** The checks of what is asked for by name. */
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
