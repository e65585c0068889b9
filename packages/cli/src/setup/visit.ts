import { connectAdmin } from '../admin/index.ts';
import { enter } from '../door/enter.ts';
import { createNeed, type Need } from '../door/need.ts';
import {
  DOOR_FLAGS,
  DOOR_USAGE,
  type Door,
  type DoorFlags,
  problemsOfDoor,
  readDoor,
} from '../door/options.ts';
import { readSettings } from '../settings/env-file.ts';
import { type Flags, type Parsed, parseFlags, switches, YES } from '../settings/flags.ts';
import { UsageError } from '../settings/usage-error.ts';
import type { Output } from '../terminal/output.ts';
import { createQuestions, readLines } from '../terminal/questions.ts';
import type { Desk } from './kind.ts';

/** Flags of every kind of setup that changes a realm. */
export const REALM_FLAGS = {
  ...DOOR_FLAGS,
  ...switches('no-env', 'dry-run'),
  ...YES,
} as const;

/** The same, for kinds that are about the client of an API. */
export const CLIENT_FLAGS = { ...REALM_FLAGS, 'client-id': { type: 'string' } } as const;

/** Their part of `--help`. */
export const REALM_USAGE = `${DOOR_USAGE}

Running
  --no-env                  read no file with settings
  --dry-run                 print the plan and stop
  -y, --yes                 apply without asking`;

/** Exit codes, as `--help` explains them. */
export const CODES_USAGE = 'Exit code: 0 done, 1 something is left to do, 2 wrong usage or not applied.';

/** @throws {UsageError} naming the argument that is wrong */
export const parseKindFlags = <F extends Flags>(kind: string, args: string[], options: F): Parsed<F> =>
  parseFlags(args, options, { help: `setup ${kind} --help names all options` });

/** What a kind of setup that needs nothing but a realm and an admin has read. */
export type RealmVisit = Awaited<ReturnType<typeof readVisit>>;

/** @throws {UsageError} naming every mistake, `problems` included */
export async function readVisit(
  flags: DoorFlags & Partial<Record<'dry-run' | 'yes' | 'no-env', boolean | undefined>>,
  { environment }: Pick<Desk, 'environment'>,
  problems: readonly string[] = [],
) {
  /** Read and written; `undefined`: none. */
  const envFile = flags['no-env'] ? undefined : (flags.env ?? '.env');
  const settings = await readSettings(environment, envFile);
  const door = readDoor(flags, settings, envFile);
  const wrong = [...problemsOfDoor(door), ...problems];
  if (wrong.length > 0) throw new UsageError(wrong);
  return { door, settings, envFile, dryRun: flags['dry-run'] ?? false, yes: flags.yes ?? false };
}

/** A connection to Keycloak, and the person to ask. */
export type OpenVisit = Awaited<ReturnType<typeof openVisit>>;

/**
 * Asks for a missing address, admin or realm, and logs in.
 *
 * @param about whether the client of the API is needed: as its flag names it, and whether the guide's name is the default
 * @throws {UsageError} naming everything that is missing
 */
export async function openVisit(
  { door, yes, dryRun, settings }: RealmVisit,
  out: Output,
  about?: { readonly clientId: string | undefined; readonly hasDefault?: boolean },
) {
  const [secret] = door.readsPassword ? await readLines(process.stdin) : [];
  const questions =
    process.stdin.isTTY === true && !door.readsPassword ? await createQuestions(out) : undefined;
  const need = createNeed(questions);
  const entry = await enter(door, secret, need, out, questions);
  const realm = await needRealm(door, yes || dryRun, need);
  const known = about?.clientId ?? settings('KEYCLOAK_CLIENT_ID');
  const hasDefault = about?.hasDefault ?? (yes || dryRun);
  /** Client of the API; empty if it was not asked for. */
  const clientId = about === undefined ? '' : await needClientId(known, hasDefault, need);
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
export const needRealm = ({ realm }: Pick<Door, 'realm'>, hasDefault: boolean, need: Need): Promise<string> =>
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
