import { randomBytes } from 'node:crypto';
import { CREDENTIAL_SETTING_NAMES, isPlaceholder, parseSettings } from '@keycloak-guard/server/config';
import { withoutEndSlashes } from 'keycloak-guard/unstable';
import { trying } from '../../admin/admin-error.ts';
import { type AdminConnection, findClient } from '../../admin/connection.ts';
import type { CurrentState } from '../../admin/current.ts';
import type { SetupGoal } from '../../admin/goal.ts';
import type { Change } from '../../admin/plan/step.ts';
import { NO_PART, type PlanPart } from '../../plan/run-plan.ts';
import { compareEnv, type EnvChange, mergeEnv, readEnvText } from '../../settings/env-file.ts';
import { isSecretSetting } from '../../settings/from-folder.ts';
import { planWrite, writePrivateFile } from '../../settings/private-file.ts';
import { UsageError } from '../../settings/usage-error.ts';
import type { Output } from '../../terminal/output.ts';
import type { Questions } from '../../terminal/questions.ts';
import type { ChosenCredential } from '../credential.ts';
import { type ApiOptions, hasSecret } from './options.ts';

export function toSettings(
  serverUrl: string,
  goal: Pick<SetupGoal, 'realm' | 'clientId'>,
  secret: string | undefined,
  credential?: ChosenCredential,
): Record<string, string> {
  return {
    KEYCLOAK_SERVER_URL: serverUrl,
    KEYCLOAK_REALM: goal.realm,
    KEYCLOAK_CLIENT_ID: goal.clientId,
    ...(secret === undefined ? {} : { KEYCLOAK_CLIENT_SECRET: secret }),
    ...credential?.settings,
  };
}

/** The settings of an application that is set up: those of its client, its address, and a secret for its sessions. */
export function createAppSettings(
  serverUrl: string,
  goal: Pick<SetupGoal, 'realm' | 'clientId' | 'appUrl'>,
  options: ApiOptions,
): (secret: string | undefined) => Record<string, string> {
  const session = options.writesSession ? { SESSION_SECRET: randomBytes(32).toString('hex') } : {};
  return (secret) => ({
    ...toSettings(serverUrl, goal, hasSecret(options) ? secret : undefined, options.credential),
    ...(options.writesAppUrl ? { PUBLIC_URL: goal.appUrl } : {}),
    ...session,
  });
}

/**
 * The `.env` file, as a part of a plan. Every other line in it stays as it was; its mode is 0600.
 *
 * @param known settings before anything is applied; without a secret, where Keycloak is going to make one
 * @param readAll reads all of them after Keycloak was changed
 * @param needsSecret whether one of them is a secret
 */
export async function planEnv(
  file: string | undefined,
  { overwriteEnv, yes }: Pick<ApiOptions, 'overwriteEnv' | 'yes'>,
  known: Record<string, string>,
  readAll: () => Promise<Record<string, string>>,
  out: Output,
  questions: Questions | undefined,
  needsSecret = true,
): Promise<PlanPart> {
  if (file === undefined) return NO_PART;
  const whole = (settings: Record<string, string>) => switchCredential(file, settings);
  const made = needsSecret && known[SECRET] === undefined ? { [SECRET]: 'made by Keycloak' } : {};
  const changes = await findChanges(file, await whole({ ...known, ...made }));
  const conflicts = overwriteEnv ? [] : changes.filter(isConflict);
  const { subject, opens } = await planWrite(file);
  if (conflicts.length > 0)
    opens.push(`values that are there are replaced: ${conflicts.map(({ name }) => name).join(', ')}`);
  const kind = (await readEnvText(file)) === '' ? 'create' : 'change';
  const shown = changes.map((one) => toPlanChange(one, kind));
  return {
    steps: changes.length === 0 ? [] : [{ kind, subject, changes: shown, opens }],
    kept: [],
    blocked: [],
    assertAgreeable() {
      if (conflicts.length === 0 || (questions !== undefined && !yes)) return;
      throw new UsageError([
        `${file} has other values:`,
        ...conflicts.map((change) => `  ${toLine(change)}`),
        'Give --overwrite-env to replace them, or --env <file> to write another file. Nothing was changed.',
      ]);
    },
    async *apply() {
      out.progress('reading the secret');
      const now = await findChanges(file, await whole(await readAll()));
      if (now.length === 0) return;
      await writePrivateFile(file, mergeEnv(await readEnvText(file), now));
      yield { verb: 'wrote', subject: `${subject} (readable by you alone)` };
    },
  };
}

/**
 * The same of a confidential client, with the credential that it gets, or has already.
 *
 * @param client as it was before; `undefined` where the plan makes it
 */
export async function planClientEnv(
  api: AdminConnection['api'],
  goal: ClientGoal,
  client: CurrentState['client'] | undefined,
  {
    file,
    serverUrl,
    chosen,
    ...how
  }: Pick<ApiOptions, 'overwriteEnv' | 'yes'> & {
    readonly file: string | undefined;
    readonly serverUrl: string;
    readonly chosen: ChosenCredential | undefined;
  },
  out: Output,
  questions: Questions | undefined,
): Promise<PlanPart> {
  // Nobody reads a secret that is written nowhere.
  if (file === undefined) return NO_PART;
  const kind = chosen?.goal.type ?? client?.clientAuthenticatorType ?? 'secret';
  const needsSecret = /secret$/.test(kind);
  const settings = async (read: typeof readSecret) =>
    toSettings(serverUrl, goal, needsSecret ? await read(api, goal, client) : undefined, chosen);
  const readAll = () => settings(readOrMakeSecret);
  return planEnv(file, how, await settings(readSecret), readAll, out, questions, needsSecret);
}

/** Empties the settings of another credential: the service takes one, and a dead one in the file stops it. */
async function switchCredential(
  file: string,
  settings: Record<string, string>,
): Promise<Record<string, string>> {
  const isKept = (name: string) => Object.hasOwn(settings, name);
  if (!CREDENTIAL_SETTING_NAMES.some(isKept)) return settings;
  const there = parseSettings(await readEnvText(file));
  const dead = CREDENTIAL_SETTING_NAMES.filter((name) => !isKept(name) && there[name]);
  return { ...settings, ...Object.fromEntries(dead.map((name) => [name, ''])) };
}

const SECRET = 'KEYCLOAK_CLIENT_SECRET';

async function findChanges(file: string, settings: Record<string, string>): Promise<EnvChange[]> {
  const changes = compareEnv(await readEnvText(file), settings);
  // An address that differs by a slash at the end is the same address.
  return changes.filter(
    ({ name, from, to }) => name !== 'KEYCLOAK_SERVER_URL' || withoutEndSlashes(from ?? '') !== to,
  );
}

/** Whether a value that is there would be lost. An emptied one has no use any more, and the plan says so. */
const isConflict = ({ from, to }: EnvChange): boolean =>
  from !== undefined && from !== '' && to !== '' && !isPlaceholder(from);

/** A secret is named but not shown. */
function toPlanChange({ name, from, to }: EnvChange, kind: 'create' | 'change'): Change {
  const isSecret = isSecretSetting(name, from) || isSecretSetting(name, to);
  const text = to === '' ? '(none)' : isSecret ? '(hidden)' : to;
  if (from === undefined) return { field: name, from: '', to: kind === 'create' ? text : `+ ${text}` };
  return isSecret
    ? { field: name, from: '(hidden)', to: to === '' ? text : '(hidden) (another one)' }
    : { field: name, from, to: text };
}

function toLine(change: EnvChange): string {
  const { field, from, to } = toPlanChange(change, 'change');
  return `${field}: ${from} → ${to}`;
}

type ClientGoal = Pick<SetupGoal, 'realm' | 'clientId' | 'clientSecret'>;

/**
 * The secret the client will have: that of a confidential client that exists, or the one it is created with.
 * `undefined`: Keycloak is going to make one up.
 */
export async function readSecret(
  api: AdminConnection['api'],
  goal: ClientGoal,
  client: CurrentState['client'] | undefined,
): Promise<string | undefined> {
  if (client === null || client === undefined) return goal.clientSecret;
  if (client.publicClient || client.id === undefined) return undefined;
  return readValue(api, goal, client.id);
}

export async function readOrMakeSecret(api: AdminConnection['api'], goal: ClientGoal): Promise<string> {
  const { realm, clientId } = goal;
  const id = (await findClient(api, realm, clientId))?.id ?? '';
  const there = await readValue(api, goal, id);
  if (there) return there;
  const make = () => api.clients.generateNewClientSecret({ realm, id });
  return (await trying(`make a secret for the client ${clientId}`, make)).value ?? '';
}

const readValue = async (api: AdminConnection['api'], { realm, clientId }: ClientGoal, id: string) =>
  (
    await trying(`read the secret of the client ${clientId}`, () =>
      api.clients.getClientSecret({ realm, id }),
    )
  ).value;
