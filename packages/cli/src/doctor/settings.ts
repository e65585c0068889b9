import { randomBytes } from 'node:crypto';
import { type Config, ConfigError, loadConfig } from '@keycloak-guard/server/config';
import { decodeJwt } from './evidence/jwt.ts';
import type { DoctorOptions } from './options.ts';

/** The settings that the doctor works with. */
export interface DoctorSettings {
  readonly config: Config | ConfigError;
  /**
   * Settings that are not set, and that the doctor can do without: a secret is made up and never needed, address and realm are
   * those that a token names. Nothing that is secret is sent then.
   */
  readonly assumed: readonly string[];
}

/** Reads the settings as the service does. */
export function readDoctorSettings(
  { envFile, spa, upgradeTo }: Pick<DoctorOptions, 'envFile' | 'spa' | 'upgradeTo'>,
  token: string | undefined,
): DoctorSettings {
  const load = (more: Record<string, string>): Config | ConfigError => {
    try {
      return loadConfig({ envFile, env: { ...process.env, ...more } });
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
  };
  const config = load({});
  if (!(config instanceof ConfigError)) return { config, assumed: [] };
  const stand: Readonly<Record<string, string>> = {
    KEYCLOAK_CLIENT_SECRET: randomBytes(24).toString('base64url'),
    // These look at no client of the settings.
    ...((spa ?? upgradeTo) ? { KEYCLOAK_CLIENT_ID: spa ?? 'unknown' } : {}),
    ...(token === undefined ? {} : settingsOf(token)),
  };
  const missing = config.problems
    .filter(({ seen }) => seen === 'is not set.')
    .map(({ name }) => name as string);
  const isEnough = missing.length === config.problems.length && missing.every((name) => name in stand);
  if (missing.length === 0 || !isEnough) return { config, assumed: [] };
  const filled = load(Object.fromEntries(missing.map((name) => [name, stand[name] as string])));
  return filled instanceof ConfigError ? { config, assumed: [] } : { config: filled, assumed: missing };
}

/** The settings that a token names. It is not verified. */
function settingsOf(token: string): Record<string, string> {
  const { iss, azp, client_id: id } = decodeJwt(token)?.claims ?? {};
  const [, serverUrl, realm] = /^(https?:\/\/[^?#]+)\/realms\/([^/?#]+)$/.exec(String(iss)) ?? [];
  if (serverUrl === undefined || realm === undefined) return {};
  return {
    KEYCLOAK_SERVER_URL: serverUrl,
    KEYCLOAK_REALM: decodeURIComponent(realm),
    KEYCLOAK_CLIENT_ID: String(azp ?? id ?? 'unknown'),
  };
}
