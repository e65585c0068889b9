import {
  ACCESS,
  ACCESS_HELP,
  type Access,
  createNeed,
  enter,
  keyFileSendings,
  type Need,
  openWords,
  problemsOfAccess,
  readAccess,
} from '../access/access.ts';
import { toGroupPath } from '../admin/authz/model.ts';
import { connectAdmin } from '../admin/connection.ts';
import { createConsent } from '../settings/from-folder.ts';
import { type Flags, type Options, table, toHelp } from '../settings/options.ts';
import { createReader, type Reading, readOptions } from '../settings/read-options.ts';
import { UsageError } from '../settings/usage-error.ts';
import type { Output } from '../terminal/output.ts';
import { createQuestions, type Questions, readLines } from '../terminal/questions.ts';

export interface Desk {
  readonly environment: NodeJS.ProcessEnv;
  readonly out: Output;
}

/** Paths of `--group`, as Keycloak has them. */
export const toGroupPaths = (groups: readonly string[] = []): string[] => groups.map(toGroupPath);

/** One thing that `setup` can set up, for example an MCP server. */
export interface SetupKind {
  readonly summary: string;
  readonly usage: string;
  /** For a person who names nothing to set up: this can be chosen, and these are asked first. An empty flag: an argument. */
  readonly asks?: readonly (readonly [question: string, suggestion: string, flag: string])[];
  run(args: string[], desk: Desk): Promise<number>;
}

const RUNNING = table(`
--no-env | | read no file with settings
--dry-run | | print the plan and stop
--yes | | apply without asking
`);

export const REALM_OPTIONS = { ...ACCESS, ...RUNNING };
const REALM_HELP = `${ACCESS_HELP}\n\n${toHelp(RUNNING, 'Running')}`;

/** The client of an API. */
export const CLIENT = table(`
--client-id <id> | KEYCLOAK_CLIENT_ID | client of the API (%s)
`);
export const CLIENT_OPTIONS = { ...REALM_OPTIONS, ...CLIENT };

export const OVERWRITE = table(`
--overwrite-env | | replace values in the file with the settings that differ, without asking
`);

/** The text of `--help`: of a kind, then of all that work in one realm. */
export const toUsage = (...own: readonly string[]): string =>
  `${[...own, REALM_HELP, CODES_HELP].join('\n\n')}\n`;

export const CODES_HELP = 'Exit code: 0 done, 1 something is left to do, 2 wrong usage or not applied.';

/** @throws {UsageError} naming the argument that is wrong */
export const readKind = <O extends Options>(
  kind: string,
  args: readonly string[],
  options: O,
  { environment }: Pick<Desk, 'environment'>,
): Promise<Reading<O>> =>
  readOptions(args, options, environment, { help: `setup ${kind} --help names all options` });

/** The options of a kind of setup that needs nothing but a realm and an admin. */
export type RealmVisit = Awaited<ReturnType<typeof readVisit>>;

/** The person to ask, unless there is no terminal, or passwords come from the standard input. */
export async function toQuestions(args: readonly string[], out: Output): Promise<Questions | undefined> {
  const isPiped = args.some((one) => /^--[a-z]+-password-stdin$/.test(one));
  return process.stdin.isTTY === true && !isPiped ? createQuestions(out) : undefined;
}

type VisitFlags = Flags<typeof CLIENT_OPTIONS> & { readonly 'key-file'?: string | undefined };

/**
 * Asks where a file that nobody named would decide who gets a password.
 *
 * @param about what the plan is about: a client of the realm, the realm, or several realms
 * @throws {UsageError} naming every mistake, `problems` included
 */
export async function readVisit(
  { flags, settings, envFile }: Pick<Reading, 'settings' | 'envFile'> & { readonly flags: VisitFlags },
  out: Output,
  problems: readonly string[] = [],
  about: 'client' | 'realm' | 'realms' = 'client',
) {
  const all = readAccess({ flags, settings });
  const wrong = [...problemsOfAccess(all), ...problems];
  if (wrong.length > 0) throw new UsageError(wrong);
  const accessWords = about === 'realms' ? { ...all, realm: undefined } : all;
  const questions = await toQuestions(all.readsPassword ? ['--admin-password-stdin'] : [], out);
  const dryRun = flags['dry-run'] ?? false;
  const clientId = about === 'client' ? createReader(CLIENT, flags, settings).word('client-id') : undefined;
  const { access, words, judged } = await openWords(
    createConsent(questions),
    accessWords,
    { clientId },
    {
      sendings: keyFileSendings(flags, accessWords, clientId),
      planned: [clientId],
      yes: (flags.yes ?? false) && !dryRun,
    },
  );
  return { ...judged, ...words, about, access, envFile, questions, dryRun };
}

/**
 * Asks for a missing address, admin, realm or client, and logs in.
 *
 * @param hasDefault use the guide's names without a question
 * @throws {UsageError} naming everything that is missing
 */
export async function openVisit(
  { about, access, yes, dryRun, questions, clientId: known }: RealmVisit,
  out: Output,
  hasDefault = yes || dryRun,
) {
  const [secret] = access.readsPassword ? await readLines(process.stdin) : [];
  const need = createNeed(questions);
  const entry = await enter(access, secret, need, out);
  const realm = about === 'realms' ? '' : await needRealm(access, yes || dryRun, need);
  /** Client of the API; empty where the plan is about none. */
  const clientId = about === 'client' ? await needClientId(known, hasDefault, need) : '';
  need.assertAll();
  out.progress('logging in as admin');
  const { api } = await connectAdmin(entry);
  out.progress('reading the current state');
  return { api, serverUrl: entry.serverUrl, realm, clientId, questions };
}

/** RFC 6749 §3.3 */
export const isScope = (scope: string): boolean => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope);
export const SCOPE_RULE = '--scope must be a scope without spaces, for example mcp:tools or orders:read';

/** @param hasDefault use the guide's name without a question, as with `--yes` or `--dry-run` */
export const needRealm = (
  { realm }: Pick<Access, 'realm'>,
  hasDefault: boolean,
  need: Need,
): Promise<string> =>
  need(
    realm ?? (hasDefault ? 'testing' : undefined),
    (questions) => questions.text('Realm of your application', 'testing'),
    'the realm is missing: give --realm or KEYCLOAK_REALM (with --yes the default is testing)',
  );

/** The same for the client of the API. */
export const needClientId = (known: string | undefined, hasDefault: boolean, need: Need): Promise<string> =>
  need(
    known ?? (hasDefault ? 'fastapi-keycloak' : undefined),
    (questions) => questions.text('Client id of your API', 'fastapi-keycloak'),
    'the client is missing: give --client-id or KEYCLOAK_CLIENT_ID (with --yes the default is fastapi-keycloak)',
  );
