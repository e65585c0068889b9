import { DOOR_FLAGS, problemsOfDoor, readDoor } from '../door/options.ts';
import { readSettings } from '../settings/env-file.ts';
import { parseFlags, switches, values, YES } from '../settings/flags.ts';
import { UsageError } from '../settings/usage-error.ts';
import { findAuthzFile } from './load-file.ts';

/** The actions of the command. */
export const ACTIONS = ['plan', 'apply', 'export', 'why'] as const;
type AuthzAction = (typeof ACTIONS)[number];

/** Options of the command, as its `--help` explains them. */
export type AuthzOptions = Awaited<ReturnType<typeof readAuthzOptions>>;

const OWN = {
  ...values('file', 'user', 'client-id'),
  ...switches('prune'),
  ...YES,
} as const;

/**
 * Reads flags, then the environment, then the `.env` file; the first one wins. Passwords are never flags.
 *
 * @throws {UsageError}
 */
export async function readAuthzOptions(args: string[], environment: NodeJS.ProcessEnv) {
  const { values: flags, positionals } = parseFlags(
    args,
    { ...OWN, ...DOOR_FLAGS },
    { help: 'authz --help names all options' },
  );
  const [action, ...rest] = positionals;
  if (!ACTIONS.includes(action as AuthzAction))
    throw new UsageError([`say what to do: keycloak-guard authz ${ACTIONS.join(' | ')}`]);
  const problems: string[] = [];
  const isWhy = action === 'why';
  if (rest.length > (isWhy ? 1 : 0)) problems.push(`unknown argument '${rest[isWhy ? 1 : 0]}'`);
  if (isWhy && (flags.user ?? '') === '') problems.push('why needs --user <name>');
  if (isWhy && (rest[0] ?? '') === '') problems.push('why needs a permission, for example orders#view');
  if (isWhy && (rest[0] ?? '').split('#').length > 2)
    problems.push('a permission is resource#scope, with one #');
  if (!isWhy && flags.user !== undefined) problems.push('--user is for why');
  if (action === 'export' && /\.[mc]?[jt]s$/.test(flags.file ?? ''))
    problems.push('export writes JSON: give --file a name that ends in .json');
  if (flags.prune && action !== 'plan' && action !== 'apply') problems.push('--prune is for plan and apply');
  if (problems.length > 0) throw new UsageError(problems);
  const envFile = flags.env ?? '.env';
  const settings = await readSettings(environment, envFile);
  const door = readDoor(flags, settings, envFile);
  const wrong = problemsOfDoor(door);
  if (wrong.length > 0) throw new UsageError(wrong);
  return {
    action: action as AuthzAction,
    /** `-` is standard output. */
    file: flags.file ?? (action === 'export' ? undefined : findAuthzFile('.')) ?? 'authz.json',
    prune: flags.prune ?? false,
    yes: flags.yes ?? false,
    username: flags.user ?? '',
    /** For `why`: `orders#view`, or `orders`. */
    permission: rest[0] ?? '',
    realm: door.realm ?? 'testing',
    clientId: flags['client-id'] ?? settings('KEYCLOAK_CLIENT_ID') ?? 'fastapi-keycloak',
    door,
  };
}
