import { readChallenges } from 'keycloak-guard/unstable';
import { type Answer, toWords } from '../keycloak/call.ts';
import { diagnose, toTokenAnswer } from '../keycloak/diagnose.ts';
import { judgeStranger } from '../keycloak/finding.ts';
import { toShellWord } from '../terminal/shell-word.ts';
import { type Finding, fail, skipped } from './check.ts';
import type { Reach } from './context.ts';

// Commands to copy into a shell. Names of realms and clients can come from a cloned repository, so they are quoted.

interface Where {
  readonly caller: { readonly realm: string; readonly clientId: string };
}

export const kcadmRealm = (realm: string, setting: string): string =>
  `kcadm.sh update ${toShellWord(`realms/${realm}`)} -s ${setting}`;

/** For settings of the client, which needs its UUID. */
export function kcadm({ caller }: Where, ...settings: readonly string[]): string {
  const flags = settings.map((one) => `-s '${one.replaceAll("'", "'\\''")}'`).join(' ');
  return `kcadm.sh update ${pathOf(caller)} -r ${toShellWord(caller.realm)} ${flags}`;
}

export const kcadmServer = ({ caller }: Where, setting: string): string =>
  `kcadm.sh update ${pathOf(caller)}/authz/resource-server -r ${toShellWord(caller.realm)} -s ${setting}`;

export const kcadmDelete = ({ caller }: Where, path: string): string =>
  `kcadm.sh delete ${pathOf(caller)}/authz/resource-server/${path} -r ${toShellWord(caller.realm)}`;

export function kcadmServiceRole({ caller }: Where, role: 'uma_protection'): string {
  const account = toShellWord(`service-account-${caller.clientId.toLowerCase()}`);
  const [realmWord, clientWord] = [caller.realm, caller.clientId].map(toShellWord);
  return ['kcadm.sh add-roles', `-r ${realmWord} --uusername ${account} --cclientid ${clientWord}`]
    .concat(`--rolename ${role}`)
    .join(' ');
}

/** The path of a client, with its UUID. */
function pathOf({ realm, clientId }: Where['caller']): string {
  const [realmWord, queryWord] = [realm, `clientId=${clientId}`].map(toShellWord);
  return `clients/$(kcadm.sh get clients -r ${realmWord} -q ${queryWord} --fields id --format csv --noquotes)`;
}

/**
 * Why an endpoint refuses: only `error` and `error_description`, of the body or the challenge. The rest of an answer has names
 * that people chose, which could be mistaken for a reason.
 */
export function reasonOf({ json, headers }: Answer): string {
  const { error, error_description: description } = json ?? {};
  if (typeof error === 'string') return typeof description === 'string' ? `${error}: ${description}` : error;
  return readChallenges(headers.get('www-authenticate') ?? '')
    .flatMap(({ error, description }) => [error, description])
    .filter((text) => text !== undefined)
    .join(' ');
}

/** Whether userinfo says that the request had no token: its challenge has no error code (RFC 6750 §3). */
export function lacksToken({ status, headers }: Answer): boolean {
  const [first, ...others] = readChallenges(headers.get('www-authenticate') ?? '');
  const isBare = first?.error === undefined && first?.description === undefined;
  return status === 401 && first?.scheme === 'bearer' && isBare && others.length === 0;
}

/** Whether a header was too long: Keycloak's server answers 431, many proxies answer 400 without JSON. */
export function isTooLong({ status, json, text }: Answer): boolean {
  if (status === 431) return true;
  return status === 400 && json === undefined && /too (large|long|big)|header/i.test(text);
}

export const onPage = ({ caller }: Reach, where: string): string => `Clients > ${caller.clientId} > ${where}`;

export const addAudience = (client: unknown, audience: string, to = 'access token'): string =>
  `Clients > ${client} > Client scopes > ${client}-dedicated > Add mapper > By configuration > Audience: Included Client Audience = ${audience}, Add to ${to} ON`;

const NOBODY = 'nobody can log in at this client, as is right for an API that only checks tokens';

/** Why a check of browser logins is not for this client. */
export async function noBrowserLogin({ shape }: Reach): Promise<Finding | undefined> {
  return (await shape()) === 'api' ? skipped(NOBODY) : undefined;
}

/** Why a check of `POST /login` is not for this client. */
export async function noPasswordLogin({ shape }: Reach): Promise<Finding | undefined> {
  const is = await shape();
  if (is === 'guide') return undefined;
  return skipped(
    is === 'api'
      ? NOBODY
      : 'this client takes no passwords, as is right for an application that logs people in with the browser',
  );
}

export const refusalOf = (answer: Answer): string =>
  `${answer.json?.error ?? ''}: ${answer.json?.error_description ?? ''}`;

/** Whether Keycloak only refused the user, so that everything checked before is in order. */
export const isAboutUser = (answer: Answer): boolean =>
  /^invalid_grant: Invalid user credentials/i.test(refusalOf(answer));

export function diagnosed(reach: Reach, answer: Answer): Finding {
  const stranger = judgeStranger(answer);
  if (stranger !== undefined) return stranger;
  const { cause, fix } = diagnose(toTokenAnswer(answer, reach.caller));
  return fail(toWords(answer), cause, fix);
}
