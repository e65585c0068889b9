import { parseArgs } from 'node:util';
import { readSetupOptions, type SetupOptions } from '../setup/options.ts';
import { UsageError } from '../usage-error.ts';
import { findAuthzFile } from './load-file.ts';

/** The actions of the command. */
export const ACTIONS = ['plan', 'apply', 'export', 'why'] as const;
type AuthzAction = (typeof ACTIONS)[number];

/** Options of the command. */
export interface AuthzOptions {
  readonly action: AuthzAction;
  /** File to read, or to write with `export`; `-` is standard output. */
  readonly file: string;
  readonly prune: boolean;
  readonly yes: boolean;
  /** For `why`. */
  readonly username: string;
  /** For `why`: `orders#view`, or `orders`. */
  readonly permission: string;
  /** Keycloak's address and the admin, read as setup reads them. */
  readonly door: SetupOptions;
}

const OWN = {
  file: { type: 'string' },
  prune: { type: 'boolean' },
  user: { type: 'string' },
  yes: { type: 'boolean', short: 'y' },
} as const;

/** Setup's options about Keycloak's address and the admin. */
const DOOR = {
  url: { type: 'string' },
  realm: { type: 'string' },
  'client-id': { type: 'string' },
  'admin-user': { type: 'string' },
  'admin-realm': { type: 'string' },
  'admin-client-id': { type: 'string' },
  'admin-password-stdin': { type: 'boolean' },
  'admin-totp': { type: 'string' },
  env: { type: 'string' },
} as const;

/**
 * Reads flags, then the environment, then the `.env` file; the first one wins. Passwords are never flags.
 *
 * @throws {UsageError}
 */
export async function readAuthzOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
): Promise<AuthzOptions> {
  const { values, positionals } = parse(args);
  const [action, ...rest] = positionals;
  if (!ACTIONS.includes(action as AuthzAction))
    throw new UsageError([`say what to do: keycloak-guard authz ${ACTIONS.join(' | ')}`]);
  const problems: string[] = [];
  const isWhy = action === 'why';
  if (rest.length > (isWhy ? 1 : 0)) problems.push(`unknown argument '${rest[isWhy ? 1 : 0]}'`);
  if (isWhy && (values.user ?? '') === '') problems.push('why needs --user NAME');
  if (isWhy && (rest[0] ?? '') === '') problems.push('why needs a permission, for example orders#view');
  if (isWhy && (rest[0] ?? '').split('#').length > 2)
    problems.push('a permission is resource#scope, with one #');
  if (!isWhy && values.user !== undefined) problems.push('--user is for why');
  if (action === 'export' && /\.[mc]?[jt]s$/.test(values.file ?? ''))
    problems.push('export writes JSON: give --file a name that ends in .json');
  if (values.prune && action !== 'plan' && action !== 'apply') problems.push('--prune is for plan and apply');
  if (problems.length > 0) throw new UsageError(problems);
  const passed = Object.entries(values).flatMap(([name, value]) =>
    !Object.hasOwn(DOOR, name) ? [] : value === true ? [`--${name}`] : [`--${name}=${value}`],
  );
  return {
    action: action as AuthzAction,
    file: values.file ?? (action === 'export' ? undefined : findAuthzFile('.')) ?? 'authz.json',
    prune: values.prune ?? false,
    yes: values.yes ?? false,
    username: values.user ?? '',
    permission: rest[0] ?? '',
    door: { ...(await readSetupOptions([...passed, '--no-authz'], environment)), withoutUser: true },
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: { ...OWN, ...DOOR }, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError([error instanceof Error ? error.message : String(error)]);
  }
}
