import type { AuthzState } from '../../../admin/index.ts';
import { type Check, checkOf, type Look, NO_ADMIN } from '../../check.ts';
import type { Reach } from '../../context.ts';
import type { DoctorOptions } from '../../options.ts';

/** The command that applies the file to Keycloak. */
export function applyCommand({ authzFiles }: Pick<DoctorOptions, 'authzFiles'>): string {
  const file = authzFiles.find((one) => /(^|\/)authz\.\w+$/.test(one));
  return `keycloak-guard authz apply${file === undefined || /^(\.\/)?authz\.\w+$/.test(file) ? '' : ` --file ${file}`}`;
}

/** The `kcadm.sh` command for a setting of the authorization services. */
export function kcadmServer({ caller }: Reach, setting: string): string {
  return `kcadm.sh update ${pathOf(caller)} -r ${caller.realm} -s ${setting}`;
}

/** The `kcadm.sh` command that deletes one of their objects. */
export function kcadmDelete({ caller }: Reach, path: string): string {
  return `kcadm.sh delete ${pathOf(caller)}/${path} -r ${caller.realm}`;
}

function pathOf({ realm, clientId }: Reach['caller']): string {
  const id = `$(kcadm.sh get clients -r ${realm} -q clientId=${clientId} --fields id --format csv --noquotes)`;
  return `clients/${id}/authz/resource-server`;
}

/** Makes a check that needs an admin. */
export const authzCheck = (id: string, look: Look<AuthzState>): Check =>
  checkOf({ find: ({ reach }) => reach.authz.state(), otherwise: NO_ADMIN }, id, ['authz.enabled'], look);

/** The first few names. */
export function some(names: readonly string[]): string {
  const most = 5;
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ');
}
