import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { isPlaceholder } from '@keycloak-guard/server';
import { isServerUrl, mendServerUrl } from 'keycloak-guard/unstable';
import { appUrlOf } from '../app-url.ts';
import { findAuthzJson } from '../authz/load-file.ts';
import { UsageError } from '../usage-error.ts';
import { readSettings } from './env-file.ts';

/** What is known before anybody is asked. */
export interface SetupOptions {
  readonly serverUrl: string | undefined;
  readonly realm: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly appUrl: string;
  readonly backchannelUrl: string | undefined;
  readonly admin: {
    readonly realm: string | undefined;
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly totp: string | undefined;
    readonly clientId: string | undefined;
    readonly clientSecret: string | undefined;
  };
  readonly user: {
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly email: string | undefined;
    readonly name: string | undefined;
    readonly attributes: Readonly<Record<string, string>>;
    readonly resetPassword: boolean;
  };
  /** No user is wanted. */
  readonly withoutUser: boolean;
  readonly realmRoles: readonly string[];
  readonly clientRoles: readonly string[];
  readonly groups: readonly string[];
  readonly enable: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly overwriteEnv: boolean;
  readonly envFile: string | undefined;
  readonly exportFile: string | undefined;
  /** The file with resources, scopes, policies and permissions that the client gets. */
  readonly authzFile: string | undefined;
  /** An MCP server is wanted, and no API. */
  readonly mcp:
    | {
        readonly url: string;
        readonly scopes: readonly string[];
        readonly registration: boolean;
        readonly documents: readonly string[];
      }
    | undefined;
  /** Clients whose tokens are to name this one, and nothing else. */
  readonly audienceFor: readonly string[] | undefined;
  /** Lines of standard input to read, in this order. */
  readonly fromStdin: readonly ('admin-password' | 'user-password')[];
}

// Not --env-file: Node 20 takes that for itself, wherever it stands.
const FLAGS = {
  url: { type: 'string' },
  realm: { type: 'string' },
  'client-id': { type: 'string' },
  'app-url': { type: 'string' },
  'backchannel-url': { type: 'string' },
  'admin-user': { type: 'string' },
  'admin-realm': { type: 'string' },
  'admin-client-id': { type: 'string' },
  'admin-password-stdin': { type: 'boolean' },
  'admin-totp': { type: 'string' },
  user: { type: 'string' },
  email: { type: 'string' },
  name: { type: 'string' },
  attribute: { type: 'string', multiple: true },
  'user-password-stdin': { type: 'boolean' },
  'reset-password': { type: 'boolean' },
  'no-user': { type: 'boolean' },
  role: { type: 'string', multiple: true },
  'client-role': { type: 'string', multiple: true },
  group: { type: 'string', multiple: true },
  enable: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
  'overwrite-env': { type: 'boolean' },
  env: { type: 'string' },
  'no-env': { type: 'boolean' },
  export: { type: 'string' },
  'audience-for': { type: 'string', multiple: true },
  mcp: { type: 'string' },
  'mcp-scope': { type: 'string', multiple: true },
  'mcp-registration': { type: 'boolean' },
  'mcp-documents': { type: 'string', multiple: true },
  authz: { type: 'string' },
  'no-authz': { type: 'boolean' },
} as const;

/**
 * Flags win over the environment, the environment over the `.env` file. Passwords are never flags: other users of
 * the machine can see those.
 *
 * @throws {UsageError}
 */
export async function readSetupOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
): Promise<SetupOptions> {
  const flags = parse(args);
  assertMcp(flags);
  const envFile = flags['no-env'] ? undefined : (flags.env ?? '.env');
  const env = await readSettings(environment, envFile);
  const secret = env('KEYCLOAK_CLIENT_SECRET');
  const groups = (flags.group ?? []).map((path) => `/${path.split('/').filter(Boolean).join('/')}`);
  const options: SetupOptions = {
    serverUrl: flags.url ?? env('KEYCLOAK_SERVER_URL'),
    realm: flags.realm ?? env('KEYCLOAK_REALM') ?? 'testing',
    clientId: flags['client-id'] ?? env('KEYCLOAK_CLIENT_ID') ?? 'fastapi-keycloak',
    // A `.env` copied from the example: the service would not start with it.
    clientSecret: secret === undefined || isPlaceholder(secret) ? undefined : secret,
    appUrl: appUrlOf(flags['app-url'], env),
    backchannelUrl: flags['backchannel-url'],
    admin: {
      realm: flags['admin-realm'] ?? env('KEYCLOAK_ADMIN_REALM'),
      username:
        flags['admin-user'] ?? env('KEYCLOAK_ADMIN_USER', 'KC_BOOTSTRAP_ADMIN_USERNAME', 'KEYCLOAK_ADMIN'),
      password: env('KEYCLOAK_ADMIN_PASSWORD', 'KC_BOOTSTRAP_ADMIN_PASSWORD'),
      totp: flags['admin-totp'],
      clientId: flags['admin-client-id'] ?? env('KEYCLOAK_ADMIN_CLIENT_ID'),
      clientSecret: env('KEYCLOAK_ADMIN_CLIENT_SECRET'),
    },
    user: {
      username: flags.user ?? env('SETUP_USER'),
      password: env('SETUP_PASSWORD'),
      email: flags.email,
      name: flags.name,
      attributes: toAttributes(flags.attribute ?? []),
      resetPassword: flags['reset-password'] ?? false,
    },
    withoutUser: flags['no-user'] ?? false,
    realmRoles: flags.role ?? [],
    clientRoles: flags['client-role'] ?? [],
    groups,
    enable: flags.enable ?? false,
    dryRun: flags['dry-run'] ?? false,
    yes: flags.yes ?? false,
    overwriteEnv: flags['overwrite-env'] ?? false,
    envFile,
    exportFile: flags.export,
    authzFile: toAuthzFile(flags, envFile),
    audienceFor: flags['audience-for']
      ?.flatMap((list) => list.split(','))
      .map((one) => one.trim())
      .filter(Boolean),
    mcp:
      flags.mcp === undefined
        ? undefined
        : {
            url: flags.mcp,
            scopes: flags['mcp-scope'] ?? ['mcp:tools'],
            registration: flags['mcp-registration'] ?? false,
            documents: (flags['mcp-documents'] ?? []).map((domain) => domain.toLowerCase()),
          },
    fromStdin: [
      ...(flags['admin-password-stdin'] ? (['admin-password'] as const) : []),
      ...(flags['user-password-stdin'] ? (['user-password'] as const) : []),
    ],
  };
  assertUsable(options);
  return options;
}

/** The file that is named, else the `authz.json` that stands beside the settings. */
function toAuthzFile(flags: ReturnType<typeof parse>, envFile: string | undefined): string | undefined {
  const without = ['no-authz', 'export', 'mcp', 'audience-for'] as const;
  const excluded = without.find((name) => flags[name] !== undefined);
  if (flags.authz !== undefined && excluded !== undefined)
    throw new UsageError([`--authz and --${excluded} exclude each other`]);
  if (excluded !== undefined || envFile === undefined) return flags.authz;
  return flags.authz ?? findAuthzJson(dirname(envFile));
}

/** Without its server, what is said of it would be passed over, and an API set up instead. */
function assertMcp(flags: ReturnType<typeof parse>): void {
  const alone = (['mcp-scope', 'mcp-registration', 'mcp-documents'] as const).filter(
    (name) => flags.mcp === undefined && flags[name] !== undefined,
  );
  if (alone.length > 0) {
    throw new UsageError(alone.map((name) => `--${name} needs --mcp with the URL of the server`));
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError([error instanceof Error ? error.message : String(error)]);
  }
}

/** @throws {UsageError} naming every option that is wrong */
export function assertUsable(options: SetupOptions): void {
  const problems: string[] = [];
  for (const [name, value] of [
    ['--url (KEYCLOAK_SERVER_URL)', options.serverUrl],
    ['--app-url (PUBLIC_URL)', options.appUrl],
    ['--backchannel-url', options.backchannelUrl],
  ] as const) {
    if (value !== undefined && !isHttpUrl(value)) {
      problems.push(`${name} must be an http or https URL, for example http://localhost:8080`);
    }
  }
  const { serverUrl } = options;
  // Where Keycloak is called, looking there corrects an address from the browser; a realm file calls nobody.
  const isUsable =
    options.exportFile === undefined ? !hasCredentials(serverUrl) : isServerUrl(serverUrl ?? 'http://x');
  if (problems.length === 0 && !isUsable) {
    problems.push(
      `--url (KEYCLOAK_SERVER_URL) must be an http or https URL without /realms/…, query or credentials, for example ${mendServerUrl(serverUrl) ?? 'http://localhost:8080'}`,
    );
  }
  if (/[/?#\\]/.test(options.realm)) problems.push('--realm (KEYCLOAK_REALM) must be the name of a realm');
  const { mcp } = options;
  if (mcp !== undefined && (!isHttpUrl(mcp.url) || /[?#@]/.test(mcp.url)))
    problems.push('--mcp must be the URL of the MCP server, for example https://example.com/mcp');
  if (mcp?.scopes.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)))
    problems.push('--mcp-scope must be a scope without spaces, for example mcp:tools');
  if (mcp?.documents.some((domain) => !/^(\*\.)?[a-z\d-]+(\.[a-z\d-]+)*$/.test(domain)))
    problems.push(
      '--mcp-documents must be a domain, for example example.com, or *.example.com for all below it too',
    );
  if (options.audienceFor?.length === 0)
    problems.push('--audience-for must be client ids, for example frontend,reports');
  if (options.audienceFor !== undefined && (mcp ?? options.exportFile) !== undefined)
    problems.push('--audience-for excludes --mcp and --export');
  if (mcp !== undefined && options.exportFile !== undefined)
    problems.push('--mcp and --export exclude each other');
  if (options.withoutUser && options.user.username !== undefined)
    problems.push('--no-user and --user exclude each other');
  if (options.groups.includes('/')) problems.push('--group must be a path, for example /staff/dev');
  if (problems.length > 0) throw new UsageError(problems);
}

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function hasCredentials(value = ''): boolean {
  return URL.canParse(value) && new URL(value).username + new URL(value).password !== '';
}

function toAttributes(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError([`--attribute must be NAME=VALUE, not '${pair}'`]);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
