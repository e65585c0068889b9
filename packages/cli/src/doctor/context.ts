import { randomBytes } from 'node:crypto';
import { unescape as decode } from 'node:querystring';
import { type Config, ConfigError } from '@keycloak-guard/server/config';
import { createCredential } from 'keycloak-guard';
import { DEV_CLIENT } from '../dev/running-provider.ts';
import { memo } from '../keycloak/call.ts';
import { type Caller, createRealmCalls } from '../keycloak/realm-calls.ts';
import { trimUrl } from '../keycloak/server.ts';
import { loadAssuming } from '../settings/env-file.ts';
import { toSettings } from '../setup/api/env-plan.ts';
import { type AdminEvidence, createAdminEvidence } from './evidence/admin.ts';
import { createAuthzEvidence } from './evidence/authz.ts';
import {
  createClientEvidence,
  createLoginEvidence,
  createSpaEvidence,
  findShape,
} from './evidence/client.ts';
import { createMcpEvidence } from './evidence/mcp.ts';
import { createRealmEvidence } from './evidence/realm.ts';
import { createRouteEvidence } from './evidence/route.ts';
import { decodeJwt } from './evidence/token.ts';
import { findDanger } from './evidence/user.ts';
import type { DoctorOptions } from './options.ts';
import { readRealmFacts } from './upgrade/changes.ts';

/**
 * The settings, and the names of those that are not set and that the doctor can do without: a secret is made up and never needed, address
 * and realm are those that a token names.
 */
function readDoctorSettings({ envFile, isEnvExplicit, provider, spa, upgradeTo, token }: DoctorOptions) {
  const more =
    provider === undefined
      ? {}
      : toSettings(provider.url, { ...provider, ...DEV_CLIENT }, DEV_CLIENT.clientSecret);
  return loadAssuming({ ...process.env, ...more }, isEnvExplicit ? envFile : undefined, {
    KEYCLOAK_CLIENT_SECRET: randomBytes(24).toString('base64url'),
    // These look at no client of the settings.
    ...((spa ?? upgradeTo) ? { KEYCLOAK_CLIENT_ID: spa ?? 'unknown' } : {}),
    ...(token === undefined ? {} : settingsOf(token)),
  });
}

function settingsOf(token: string): Record<string, string> {
  const { iss, azp, client_id: id } = decodeJwt(token)?.claims ?? {};
  const [, serverUrl, realm] = /^(https?:\/\/[^?#]+)\/realms\/([^/?#]+)$/.exec(String(iss)) ?? [];
  if (serverUrl === undefined || realm === undefined) return {};
  return {
    KEYCLOAK_SERVER_URL: serverUrl,
    KEYCLOAK_REALM: decode(realm),
    KEYCLOAK_CLIENT_ID: String(azp ?? id ?? 'unknown'),
  };
}

export type Reach = ReturnType<typeof createReach>;

export type DoctorContext = ReturnType<typeof createContext>;

/** Reads the settings as the service does. Makes no calls until a check asks. */
export function createContext(all: DoctorOptions) {
  const { token } = all;
  const { config: settings, assumed } = readDoctorSettings(all);
  // Whoever made the token chose the address: no password goes there.
  const options = assumed.includes('KEYCLOAK_SERVER_URL')
    ? { ...all, admin: undefined, username: undefined, password: undefined }
    : all;
  const routeUrl = options.routeUrl ?? options.protectedUrl;
  const reach = settings instanceof ConfigError ? undefined : createReach(settings, options);
  return {
    options,
    settings,
    /** Names of settings that are not set, and that were made up or are those of the token. */
    assumed,
    token,
    route:
      routeUrl === undefined
        ? undefined
        : createRouteEvidence(routeUrl, options.page && new URL(options.page).origin, async () =>
            token === undefined ? reach?.login?.token() : decodeJwt(token) && token,
          ),
    spa:
      options.spa === undefined || options.page === undefined || reach === undefined
        ? undefined
        : createSpaEvidence(options.spa, options.page, reach.caller, options),
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
    mcp:
      options.mcpUrl === undefined
        ? undefined
        : createMcpEvidence(options.mcpUrl, options.admin, options.serverUrl),
    /** Throws if the settings are invalid: checks that use it need `settings.valid`. */
    get reach(): Reach {
      if (reach === undefined) throw new Error('the settings are not valid');
      return reach;
    },
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
    shape: memo(() => findShape(client, admin)),
    login:
      username === undefined || password === undefined
        ? null
        : createLoginEvidence(calls, { username, password }, mayNot),
    admin,
  };
}
