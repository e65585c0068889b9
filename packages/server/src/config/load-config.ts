import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { CredentialOptions } from 'keycloak-guard';
import { type Config, ConfigError, type SettingProblem, withSecretsUnprinted } from './config.ts';
import {
  CREDENTIAL_SETTING_NAMES,
  type CredentialSetting,
  credentialsIn,
  missingHalf,
  toCredential,
} from './credential-settings.ts';
import { readTracingSettings, usesEnvProxy } from './environment.ts';
import { pathOfDocument, readKeycloakJson } from './files.ts';
import { findForeignSettings, findMisdirected, readFolderFile } from './folder.ts';
import { describeValue, quoted, type Setting } from './setting.ts';
import { SETTINGS, type SettingName } from './settings.ts';

/** The sources of {@link loadConfig}. */
export interface ConfigSources {
  /** Default `process.env`. Wins over the files. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Folder of `.env`, and start of a relative `KEYCLOAK_CONFIG_FILE`. Default: the working directory. */
  readonly cwd?: string | undefined;
  /**
   * File in the format of `.env`; it may be absent. Default: `.env`, which then nobody named: it may not choose where a credential goes
   * that is not its own.
   */
  readonly envFile?: string | undefined;
  /** Whether the person agreed to where each credential goes. Default false. */
  readonly hasConsent?: boolean | undefined;
}

/**
 * Reads the settings from the environment, from `.env`, and from the `keycloak.json` that `KEYCLOAK_CONFIG_FILE`
 * names; the first that has a setting wins. An empty value counts as not set.
 *
 * @throws {ConfigError} naming every setting that is missing or wrong, an existing file that cannot be read, or a credential that would
 * go where a file says that nobody named
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  const { env = process.env, cwd = process.cwd(), envFile = '.env' } = sources;
  const file = readEnvFile(sources.envFile, cwd);
  const textOf = (name: SettingName): string | undefined => env[name] || file?.[name] || undefined;

  const problems: SettingProblem[] = [];
  const complain = (name: SettingName, seen: string, text = ''): void => {
    const { rule, example, mend }: Setting = SETTINGS[name];
    problems.push({ name, seen, rule, example: mend?.(text) ?? example });
  };

  const configFile = textOf('KEYCLOAK_CONFIG_FILE');
  const json = configFile === undefined ? {} : readKeycloakJson(resolve(cwd, configFile));
  if (json instanceof Error) complain('KEYCLOAK_CONFIG_FILE', `${quoted(configFile ?? '')} ${json.message}`);

  const [first, ...more] = credentialsIn(textOf);
  for (const name of more) complain(name, `is set beside ${first}: only one of them can be.`);
  const half = missingHalf(textOf);
  if (half !== undefined) complain(half, 'is not set.');

  const read = (name: SettingName): unknown => {
    // A file that is named wins over the secret of a keycloak.json.
    if (name === 'KEYCLOAK_CLIENT_SECRET' && first !== undefined && first !== name) return undefined;
    const setting: Setting = SETTINGS[name];
    const text = textOf(name) ?? (json instanceof Error ? undefined : json[name]) ?? setting.default;
    if (text === undefined) {
      // An unreadable file already explains the missing settings.
      if (!setting.optional && !(json instanceof Error && setting.json)) complain(name, 'is not set.');
      return undefined;
    }
    const mark = /^(["'])[\s\S]*\1$/.exec(text)?.[1];
    const value = mark === undefined ? setting.parse(text) : undefined;
    if (value !== undefined) return value;
    complain(
      name,
      mark ? `has quotes (${mark}) around it: remove them.` : describeValue(setting, text),
      text,
    );
    return undefined;
  };

  const values = Object.fromEntries(
    (Object.keys(SETTINGS) as SettingName[]).map((name) => [toMember(name), read(name)]),
  ) as Values;
  const isProduction = (env.NODE_ENV || file?.NODE_ENV) === 'production';
  if (isProduction && textOf('SESSION_SECRET') === undefined) complain('SESSION_SECRET', 'is not set.');
  if (problems.length > 0) {
    throw new ConfigError(problems, describeSources(file !== undefined, envFile, configFile));
  }
  if (sources.envFile === undefined && file !== undefined) {
    const members: Readonly<Record<string, string>> = json instanceof Error ? {} : json;
    const isInJson = first === undefined && members.KEYCLOAK_CLIENT_SECRET !== undefined;
    const names = isInJson ? ['KEYCLOAK_CONFIG_FILE'] : CREDENTIAL_SETTING_NAMES;
    const find = (name: string) => {
      const text = textOf(name as SettingName);
      if (text === undefined)
        return members[name] && { value: members[name], isOfFolder: !env.KEYCLOAK_CONFIG_FILE };
      return { value: name.endsWith('_FILE') ? resolve(cwd, text) : text, isOfFolder: !env[name] };
    };
    const settingsFile = { name: envFile, path: resolve(cwd, envFile) };
    const refusal =
      (sources.hasConsent ? undefined : findMisdirected(settingsFile, names, find)) ??
      findForeignSettings(settingsFile, Object.keys(SETTINGS), find);
    if (refusal !== undefined) throw new ConfigError([], refusal);
  }
  return toConfig(values, toCredential(textOf, values.clientSecret, cwd), env);
}

/** `TOKEN_CHECK` is read as `tokenCheck`, `KEYCLOAK_REALM` as `realm`. */
const toMember = (name: string): string =>
  name
    .replace(/^KEYCLOAK_/, '')
    .toLowerCase()
    .replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

type Camel<N> = N extends `${infer A}_${infer B}`
  ? `${Lowercase<A>}${Capitalize<Camel<B>>}`
  : Lowercase<N & string>;

type Values = {
  [N in SettingName as Camel<N extends `KEYCLOAK_${infer Rest}` ? Rest : N>]: N extends CredentialSetting
    ? string | undefined
    :
        | Exclude<ReturnType<(typeof SETTINGS)[N]['parse']>, undefined>
        | ((typeof SETTINGS)[N] extends { readonly optional: true } ? undefined : never);
};

function toConfig(
  values: Values,
  credential: CredentialOptions,
  env: NonNullable<ConfigSources['env']>,
): Config {
  const { clientSecretFile, clientKeyFile, clientTokenFile, configFile, ...same } = values;
  const { clientCertificateFile, clientCertificateKeyFile, sessionSecret, ...others } = same;
  const { loginsPerMinuteAndAddress, loginsPerMinuteAndUser, callsPerMinuteAndAddress, ...rest } = others;
  const config: Config = {
    ...rest,
    credential,
    corsOrigins: values.corsOrigins ?? [],
    sessionSecrets: sessionSecret,
    redisKeyPrefix: values.redisKeyPrefix ?? toKeyPrefix(values.realm, values.clientId),
    loginsPerAddress: loginsPerMinuteAndAddress,
    loginsPerUser: loginsPerMinuteAndUser,
    callsPerAddress: callsPerMinuteAndAddress,
    metricsHost: values.metricsHost ?? values.host,
    tracing: readTracingSettings(env),
    usesEnvProxy: usesEnvProxy(env),
  };
  return Object.freeze(
    withSecretsUnprinted(config, ['clientSecret', 'credential', 'sessionSecrets', 'redisUrl']),
  );
}

/** Colons in names are encoded, so two services cannot share a prefix by chance. */
function toKeyPrefix(realm: string, clientId: string): string {
  return ['keycloak-guard', realm, clientId].map(encodeURIComponent).join(':');
}

/**
 * Reads a file in the format of `.env`; `undefined` if it does not exist.
 *
 * @param chosen the file that the person named, of any kind. Default: `.env`, which must be a regular file of at most 1 MiB
 * @throws {ConfigError} if the file exists but cannot be read: its settings may keep the service safe
 */
export function readEnvFile(
  chosen?: string,
  cwd = process.cwd(),
): Record<string, string | undefined> | undefined {
  const file = chosen ?? '.env';
  const path = resolve(cwd, file);
  try {
    const text = chosen === undefined ? readFolderFile(path) : readFileSync(path, 'utf8');
    return parseSettings(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const why = code === 'EISDIR' ? 'it is a folder' : String(code);
    throw new ConfigError(
      [],
      `${file} cannot be read (${why}). ${why.startsWith('it is a pipe') ? `If you mean it, name it: --env ${file}` : 'Give this user the right to, or take it away.'}`,
    );
  }
}

/** A setting, with all lines of a value in quotes, or another line. */
const SETTING_OR_LINE =
  /^[^\S\n]*(?:export[^\S\n]+)?([^\s#=][^\n=]*=[^\S\n]*(?:"[^"]*"|'[^']*'|`[^`]*`)?[^\n]*\n?)|^[^\n]*\n?/gm;

/** The settings of a text in the format of `.env`. Node 20 takes a line without `=`, or of spaces, for a part of the next name. */
export const parseSettings = (text: string): NodeJS.Dict<string> =>
  parseEnv(text.replace(SETTING_OR_LINE, '$1'));

function describeSources(hasEnvFile: boolean, envFile: string, configFile: string | undefined): string {
  const files = [hasEnvFile ? envFile : `${envFile} (does not exist)`, configFile].filter(Boolean);
  const all = ['.env.example', 'docs/settings.md'].map(pathOfDocument).join(', ');
  return `Looked in the environment and in ${files.join(' and ')}. All settings: ${all}`;
}
