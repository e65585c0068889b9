import { toShellWord } from '../terminal/shell-word.ts';

// Commands to copy into a shell. Names of realms and clients can come from a cloned repository, so they are quoted.

interface Where {
  readonly caller: { readonly realm: string; readonly clientId: string };
}

/** For a setting of the realm. */
export const kcadmRealm = (realm: string, setting: string): string =>
  `kcadm.sh update ${toShellWord(`realms/${realm}`)} -s ${setting}`;

/** For settings of the client, which needs its UUID. */
export function kcadm({ caller }: Where, ...settings: readonly string[]): string {
  const flags = settings.map((one) => `-s '${one.replaceAll("'", "'\\''")}'`).join(' ');
  return `kcadm.sh update ${pathOf(caller)} -r ${toShellWord(caller.realm)} ${flags}`;
}

/** For a setting of the authorization services. */
export const kcadmServer = ({ caller }: Where, setting: string): string =>
  `kcadm.sh update ${pathOf(caller)}/authz/resource-server -r ${toShellWord(caller.realm)} -s ${setting}`;

/** Deletes one of their objects. */
export const kcadmDelete = ({ caller }: Where, path: string): string =>
  `kcadm.sh delete ${pathOf(caller)}/authz/resource-server/${path} -r ${toShellWord(caller.realm)}`;

/** Gives the service account of the client a role of the client. */
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
