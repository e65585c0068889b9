import { ACCESS_FLAGS, openAccess, problemsOfAccess, readAccess } from '../access/access.ts';
import { readSettings } from '../settings/env-file.ts';
import { didYouMean, parseFlags, switches, values, YES } from '../settings/flags.ts';
import { type Consent, createConsent, FromFolder } from '../settings/from-folder.ts';
import { assertOfFolder } from '../settings/private-file.ts';
import { UsageError } from '../settings/usage-error.ts';
import { findAuthzJson } from './file.ts';

export const ACTIONS = ['plan', 'apply', 'export', 'why'] as const;
type AuthzAction = (typeof ACTIONS)[number];

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
export async function readAuthzOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
  consent: Consent = createConsent(undefined),
) {
  const { values: flags, positionals } = parseFlags(
    args,
    { ...OWN, ...ACCESS_FLAGS },
    { help: 'authz --help names all options' },
  );
  const [action, ...rest] = positionals;
  if (!ACTIONS.includes(action as AuthzAction))
    throw new UsageError([
      ...(action === undefined ? [] : [`there is no authz '${action}'${didYouMean(action, ACTIONS)}`]),
      `an action is missing: keycloak-guard authz ${ACTIONS.join(' | ')}`,
    ]);
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
  const settings = await readSettings(environment, envFile, flags.env !== undefined);
  const accessWords = readAccess(flags, settings);
  const wrong = problemsOfAccess(accessWords);
  if (wrong.length > 0) throw new UsageError(wrong);
  const defaultFile = action === 'export' || flags.file !== undefined ? undefined : findAuthzJson('.');
  if (action === 'export' && flags.file === undefined) assertOfFolder('authz.json', '--file');
  const file =
    flags.file ??
    (defaultFile === undefined ? 'authz.json' : new FromFolder('authz.json', defaultFile, defaultFile));
  const clientId = flags['client-id'] ?? settings('KEYCLOAK_CLIENT_ID') ?? 'fastapi-keycloak';
  const isApplied = action === 'apply' && (flags.yes ?? false);
  const access = await openAccess(accessWords, consent);
  const judged = consent.judge(
    action === 'apply' ? [accessWords.serverUrl, accessWords.realm, clientId, file] : [],
    accessWords.serverUrl,
    isApplied,
  );
  const opened = await consent.open({ clientId, file }, []);
  return {
    action: action as AuthzAction,
    /** `-` is standard output. */
    file: opened.file,
    prune: flags.prune ?? false,
    yes: isApplied ? judged.yes : (flags.yes ?? false),
    /** Values from a file that the person did not name. */
    chosen: judged.chosen,
    username: flags.user ?? '',
    /** For `why`: `orders#view`, or `orders`. */
    permission: rest[0] ?? '',
    realm: access.realm ?? 'testing',
    clientId: opened.clientId,
    access,
  };
}
