import { type Config, ConfigError } from '@keycloak-guard/server/config';
import { createCredential } from 'keycloak-guard';
import { trimUrl } from '../keycloak/find-server.ts';
import { type Caller, createRealmCalls } from '../keycloak/realm-calls.ts';
import { findDanger } from './checks/admin/user-troubles.ts';
import { type AdminEvidence, createAdminEvidence } from './evidence/admin.ts';
import { createAuthzEvidence } from './evidence/authz.ts';
import { createClientEvidence } from './evidence/client.ts';
import { createLoginEvidence } from './evidence/login.ts';
import { createMcpEvidence } from './evidence/mcp.ts';
import { memo } from './evidence/memo.ts';
import { createRealmEvidence } from './evidence/realm.ts';
import { createRouteEvidence } from './evidence/route.ts';
import { findShape } from './evidence/shape.ts';
import { createSpaEvidence } from './evidence/spa.ts';
import type { DoctorOptions } from './options.ts';
import { readDoctorSettings } from './settings.ts';
import { readRealmFacts } from './upgrade/facts.ts';

/** What checks work with if the settings are valid. */
export type Reach = ReturnType<typeof createReach>;

/** Everything that a check can examine. */
export type DoctorContext = ReturnType<typeof createContext>;

/**
 * Reads the settings as the service does. Makes no calls until a check asks.
 *
 * @param confirm asks whether the admin's password may go to an address that an MCP server named
 */
export function createContext(
  options: DoctorOptions,
  token?: string,
  confirm?: (origin: string) => Promise<boolean>,
) {
  const { config: settings, assumed } = readDoctorSettings(options, token);
  const reach = settings instanceof ConfigError ? undefined : createReach(settings, options);
  return {
    options,
    settings,
    /** Names of settings that are not set, and that were made up: nothing secret is sent then. */
    assumed,
    /** The token to examine (`--token -`). */
    token,
    /** The route to examine (`--route`). */
    route:
      options.routeUrl === undefined
        ? undefined
        : createRouteEvidence(
            options.routeUrl,
            options.page && new URL(options.page).origin,
            async () => token ?? reach?.login?.token(),
          ),
    /** The single-page app to examine (`--spa`). */
    spa:
      options.spa === undefined || options.page === undefined || reach === undefined
        ? undefined
        : createSpaEvidence(options.spa, options.page, reach.caller, options),
    /** The version to upgrade to, and what the realm has (`--upgrade`). */
    upgrade:
      options.upgradeTo === undefined || !reach?.admin
        ? undefined
        : {
            to: options.upgradeTo,
            facts: memo(async () => {
              const { admin, caller } = reach as Reach & { admin: AdminEvidence };
              return readRealmFacts(await admin.connection(), caller.realm);
            }),
          },
    /** The MCP server to examine (`--mcp`). */
    mcp:
      options.mcpUrl === undefined
        ? undefined
        : createMcpEvidence({
            url: options.mcpUrl,
            credentials: options.admin,
            serverUrl: options.serverUrl,
            confirm,
          }),
    /** Throws if the settings are invalid: checks that use it need `settings.valid`. */
    get reach(): Reach {
      if (reach === undefined) throw new Error('the settings are not good');
      return reach;
    },
    /** Ends the sessions that checks opened. */
    close: async () => reach?.login?.close(),
  };
}

function createReach(config: Config, options: DoctorOptions) {
  const serverUrl = trimUrl(config.serverUrl);
  const { realm, clientId, clientSecret, timeoutMs } = config;
  // A secret is sent exactly as written, so that the doctor can find a stray space or quote.
  const credential =
    clientSecret === undefined
      ? createCredential({ clientId, credential: config.credential, onNotice: false })
      : undefined;
  const caller: Caller = { serverUrl, realm, clientId, clientSecret, credential, timeoutMs };
  const calls = createRealmCalls(caller);
  const { username, password } = options;
  const admin = options.admin ? createAdminEvidence({ ...caller, username }, options.admin) : null;
  const mayNot = async () =>
    admin && username ? findDanger(admin, username).catch(() => undefined) : undefined;
  const client = createClientEvidence(calls, caller, options.appUrl);
  return {
    config,
    caller,
    calls,
    realm: createRealmEvidence(calls, caller),
    authz: createAuthzEvidence(calls, caller, options.authzFiles, admin),
    client,
    /** What the client is for: not every client is to log people in. */
    shape: memo(() => findShape(client, admin, username !== undefined)),
    /** `null` if no user and password were given. */
    login:
      username === undefined || password === undefined
        ? null
        : createLoginEvidence(calls, { username, password }, mayNot),
    /** `null` if no admin was given. */
    admin,
  };
}
