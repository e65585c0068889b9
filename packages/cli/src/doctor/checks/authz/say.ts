import type { AuthzState } from '../../../admin/index.ts';
import { toShellWord } from '../../../terminal/shell-word.ts';
import { type Check, checkOf, type Look, NO_ADMIN } from '../../check.ts';
import type { DoctorOptions } from '../../options.ts';

/** The command that applies the file to Keycloak. */
export function applyCommand({ authzFiles }: Pick<DoctorOptions, 'authzFiles'>): string {
  const file = authzFiles.find((one) => /(^|\/)authz\.\w+$/.test(one));
  return `keycloak-guard authz apply${file === undefined || /^(\.\/)?authz\.\w+$/.test(file) ? '' : ` --file ${toShellWord(file)}`}`;
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
