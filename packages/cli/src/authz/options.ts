import { ACCESS, openWords, problemsOfAccess, readAccess } from '../access/access.ts';
import { type Consent, createConsent, FromFolder } from '../settings/from-folder.ts';
import { didYouMean, table } from '../settings/options.ts';
import { assertOfFolder } from '../settings/private-file.ts';
import { readOptions } from '../settings/read-options.ts';
import { UsageError } from '../settings/usage-error.ts';
import { findAuthzJson } from './file.ts';

export const ACTIONS = ['plan', 'apply', 'export', 'why'] as const;
type AuthzAction = (typeof ACTIONS)[number];

export type AuthzOptions = Awaited<ReturnType<typeof readAuthzOptions>>;

export const OWN = table(`
--file <file> | | the file (default authz.json). A program such as authz.ts is run to be read, and its default export taken, so it has to be named; export writes JSON, or to standard output with -
--prune | | plan, apply: delete what is not in the file
--yes | | apply without asking; export: replace the file
--user <name> | | why: whose permission
--client-id <id> | KEYCLOAK_CLIENT_ID | client (%s; default fastapi-keycloak)
`);

/** @throws {UsageError} naming every mistake */
export async function readAuthzOptions(
  args: string[],
  environment: NodeJS.ProcessEnv,
  consent: Consent = createConsent(undefined),
) {
  const help = 'authz --help names all options';
  const reading = await readOptions(args, { ...ACCESS, ...OWN }, environment, { help });
  const { flags, positionals } = reading;
  const [action, ...rest] = positionals;
  if (!ACTIONS.includes(action as AuthzAction))
    throw new UsageError([
      ...(action === undefined ? [] : [`there is no authz '${action}'${didYouMean(action, ACTIONS)}`]),
      `an action is missing: keycloak-guard authz ${ACTIONS.join(' | ')}`,
    ]);
  const problems: string[] = [];
  const isWhy = action === 'why';
  if (rest.length > (isWhy ? 1 : 0)) problems.push(`unknown argument '${rest[isWhy ? 1 : 0]}'`);
  if (isWhy && flags.user === undefined) problems.push('why needs --user <name>');
  if (isWhy && (rest[0] ?? '') === '') problems.push('why needs a permission, for example orders#view');
  if (isWhy && (rest[0] ?? '').split('#').length > 2)
    problems.push('a permission is resource#scope, with one #');
  if (!isWhy && flags.user !== undefined) problems.push('--user is for why');
  if (action === 'export' && /\.[mc]?[jt]s$/.test(flags.file ?? ''))
    problems.push('export writes JSON: give --file a name that ends in .json');
  if (flags.prune && action !== 'plan' && action !== 'apply') problems.push('--prune is for plan and apply');
  const accessWords = readAccess(reading);
  problems.push(...problemsOfAccess(accessWords));
  if (problems.length > 0) throw new UsageError(problems);
  const defaultFile = action === 'export' || flags.file !== undefined ? undefined : findAuthzJson('.');
  if (action === 'export' && flags.file === undefined) assertOfFolder('authz.json', '--file');
  const file =
    flags.file ??
    (defaultFile === undefined ? 'authz.json' : new FromFolder('authz.json', defaultFile, defaultFile));
  const clientId = reading.word('client-id') ?? 'fastapi-keycloak';
  const yes = flags.yes ?? false;
  const isApply = action === 'apply';
  const { access, words, judged } = await openWords(
    consent,
    accessWords,
    { clientId, file },
    {
      planned: isApply ? [clientId, file] : undefined,
      yes: isApply && yes,
    },
  );
  return {
    ...words,
    action: action as AuthzAction,
    prune: flags.prune ?? false,
    yes: isApply ? judged.yes : yes,
    /** Values from a file that the person did not name. */
    chosen: judged.chosen,
    username: flags.user ?? '',
    /** For `why`: `orders#view`, or `orders`. */
    permission: rest[0] ?? '',
    realm: access.realm ?? 'testing',
    access,
  };
}
