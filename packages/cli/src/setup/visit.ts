import {
  ACCESS_FLAGS,
  ACCESS_USAGE,
  type Access,
  type AccessFlags,
  keyFileSendings,
  openAccess,
  problemsOfAccess,
  readAccess,
} from '../access/access.ts';
import { createNeed, enter, type Need } from '../access/enter.ts';
import { connectAdmin } from '../admin/index.ts';
import { readSettings } from '../settings/env-file.ts';
import { type Flags, type Parsed, parseFlags, switches, YES } from '../settings/flags.ts';
import { createConsent } from '../settings/from-folder.ts';
import { UsageError } from '../settings/usage-error.ts';
import type { Output } from '../terminal/output.ts';
import { createQuestions, type Questions, readLines } from '../terminal/questions.ts';

export interface Desk {
  readonly environment: NodeJS.ProcessEnv;
  readonly out: Output;
}

/** One thing that `setup` can set up, for example an MCP server. */
export interface SetupKind {
  readonly summary: string;
  readonly usage: string;
  /** For a person who names nothing to set up: this can be chosen, and these are asked first. An empty flag: an argument. */
  readonly asks?: readonly (readonly [question: string, suggestion: string, flag: string])[];
  run(args: string[], desk: Desk): Promise<number>;
}

export const REALM_FLAGS = {
  ...ACCESS_FLAGS,
  ...switches('no-env', 'dry-run'),
  ...YES,
} as const;

export const CLIENT_FLAGS = { ...REALM_FLAGS, 'client-id': { type: 'string' } } as const;

export const REALM_USAGE = `${ACCESS_USAGE}

Running
  --no-env                  read no file with settings
  --dry-run                 print the plan and stop
  -y, --yes                 apply without asking`;

export const CODES_USAGE = 'Exit code: 0 done, 1 something is left to do, 2 wrong usage or not applied.';

/** @throws {UsageError} naming the argument that is wrong */
export const parseKindFlags = <F extends Flags>(kind: string, args: string[], options: F): Parsed<F> =>
  parseFlags(args, options, { help: `setup ${kind} --help names all options` });

/** The options of a kind of setup that needs nothing but a realm and an admin. */
export type RealmVisit = Awaited<ReturnType<typeof readVisit>>;

/** The person to ask, unless there is no terminal, or passwords come from the standard input. */
export async function toQuestions(args: readonly string[], out: Output): Promise<Questions | undefined> {
  const isPiped = args.some((one) => /^--[a-z]+-password-stdin$/.test(one));
  return process.stdin.isTTY === true && !isPiped ? createQuestions(out) : undefined;
}

type VisitFlags = AccessFlags &
  Partial<Record<'dry-run' | 'yes' | 'no-env', boolean | undefined>> & {
    readonly 'client-id'?: string | undefined;
    readonly 'key-file'?: string | undefined;
  };

/**
 * Reads flags and settings, and asks where a file that nobody named would decide who gets a password.
 *
 * @param about what the plan is about: a client of the realm, the realm, or several realms
 * @throws {UsageError} naming every mistake, `problems` included
 */
export async function readVisit(
  flags: VisitFlags,
  { environment, out }: Desk,
  problems: readonly string[] = [],
  about: 'client' | 'realm' | 'realms' = 'client',
) {
  /** Read and written; `undefined`: none. */
  const envFile = flags['no-env'] ? undefined : (flags.env ?? '.env');
  const settings = await readSettings(environment, envFile, flags.env !== undefined);
  const accessWords = readAccess(flags, settings);
  const wrong = [...problemsOfAccess(accessWords), ...problems];
  if (wrong.length > 0) throw new UsageError(wrong);
  const questions = await toQuestions(accessWords.readsPassword ? ['--admin-password-stdin'] : [], out);
  const consent = createConsent(questions);
  const dryRun = flags['dry-run'] ?? false;
  const client = about === 'client' ? (flags['client-id'] ?? settings('KEYCLOAK_CLIENT_ID')) : undefined;
  const realm = about === 'realms' ? undefined : accessWords.realm;
  const { serverUrl } = accessWords;
  const access = await openAccess(accessWords, consent, keyFileSendings(flags, { serverUrl, realm }, client));
  const words = [serverUrl, realm, client];
  const judged = consent.judge(words, serverUrl, (flags.yes ?? false) && !dryRun);
  const { client: clientId } = await consent.open({ client }, []);
  return { ...judged, about, access, clientId, envFile, questions, dryRun };
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
  const entry = await enter(about === 'realms' ? { ...access, realm: undefined } : access, secret, need, out);
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
