import { parseArgs } from 'node:util';
import { DOOR_FLAGS, type Door, problemsOfDoor, readDoor } from '../door/options.ts';
import { readSettings } from '../settings/env-file.ts';
import { UsageError } from '../settings/usage-error.ts';
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
  readonly realm: string;
  readonly clientId: string;
  readonly door: Door;
}

const OWN = {
  file: { type: 'string' },
  prune: { type: 'boolean' },
  user: { type: 'string' },
  'client-id': { type: 'string' },
  yes: { type: 'boolean', short: 'y' },
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
  if (isWhy && (values.user ?? '') === '') problems.push('why needs --user <name>');
  if (isWhy && (rest[0] ?? '') === '') problems.push('why needs a permission, for example orders#view');
  if (isWhy && (rest[0] ?? '').split('#').length > 2)
    problems.push('a permission is resource#scope, with one #');
  if (!isWhy && values.user !== undefined) problems.push('--user is for why');
  if (action === 'export' && /\.[mc]?[jt]s$/.test(values.file ?? ''))
    problems.push('export writes JSON: give --file a name that ends in .json');
  if (values.prune && action !== 'plan' && action !== 'apply') problems.push('--prune is for plan and apply');
  if (problems.length > 0) throw new UsageError(problems);
  const envFile = values.env ?? '.env';
  const settings = await readSettings(environment, envFile);
  const door = readDoor(values, settings, envFile);
  const wrong = problemsOfDoor(door);
  if (wrong.length > 0) throw new UsageError(wrong);
  return {
    action: action as AuthzAction,
    file: values.file ?? (action === 'export' ? undefined : findAuthzFile('.')) ?? 'authz.json',
    prune: values.prune ?? false,
    yes: values.yes ?? false,
    username: values.user ?? '',
    permission: rest[0] ?? '',
    realm: door.realm ?? 'testing',
    clientId: values['client-id'] ?? settings('KEYCLOAK_CLIENT_ID') ?? 'fastapi-keycloak',
    door,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: { ...OWN, ...DOOR_FLAGS }, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError([error instanceof Error ? error.message : String(error)]);
  }
}
