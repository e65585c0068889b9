import { realpathSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { nearnessOf } from '../keycloak/nearness.ts';
import type { Setting, Settings } from '../settings/env-file.ts';
import { UsageError } from '../settings/usage-error.ts';
import { Cancelled, type Questions } from '../terminal/questions.ts';

/** A password or token that the person gave, and an address that a file gave. */
export interface Doubt {
  /** What holds it, for example `KEYCLOAK_ADMIN_PASSWORD`. */
  readonly secret: string;
  /** Where that is from: what makes it the person's own. */
  readonly from: string;
  readonly serverUrl: string;
  readonly file: string;
}

/**
 * The address that the service would take from the settings: their own, or that of the `keycloak.json` that they name. That file is
 * of the folder as much as the settings that name it.
 */
export async function addressIn(settings: Pick<Settings, 'find'>): Promise<Setting | undefined> {
  const [written, file] = [settings.find('KEYCLOAK_SERVER_URL'), settings.find('KEYCLOAK_CONFIG_FILE')];
  if (written !== undefined || file === undefined) return written;
  const { readKeycloakJson } = await import('@keycloak-guard/server/config');
  const json = readKeycloakJson(resolve(file.value));
  const value = json instanceof Error ? undefined : json.KEYCLOAK_SERVER_URL;
  return value === undefined ? undefined : { name: 'KEYCLOAK_SERVER_URL', value, source: file.source };
}

/**
 * Whether a password or token would go to an address that only a file in the folder names. The author of that folder, such as a cloned
 * repository, would choose who gets it, and may name a file of the person's as the secret. An address of this machine is not in
 * doubt, nor is a file that the person named.
 *
 * @param secret where the password comes from; `undefined`: a person types it, and sees the address
 */
export function doubtOf(
  secret: (Pick<Setting, 'name' | 'source'> & Partial<Setting>) | undefined,
  serverUrl: Setting | undefined,
  file: string | undefined,
  isFileNamed: boolean,
): Doubt | undefined {
  if (secret === undefined || serverUrl?.source !== 'file' || file === undefined || isFileNamed)
    return undefined;
  const from = secret.source === 'environment' ? 'the environment' : outsideOf(file, secret);
  if (from === undefined || !URL.canParse(serverUrl.value)) return undefined;
  if (nearnessOf(new URL(serverUrl.value).hostname) === 'this-machine') return undefined;
  return { secret: secret.name, from, serverUrl: serverUrl.value, file };
}

/** Where a secret is that the settings name by its path, if it is not in their folder; links are followed. */
function outsideOf(settings: string, { name, value = '' }: Partial<Setting>): string | undefined {
  if (name?.endsWith('_FILE') !== true) return undefined;
  try {
    const path = relative(realpathSync(dirname(resolve(settings))), realpathSync(resolve(value)));
    return /^\.\.(?:[\\/]|$)/.test(path) || resolve(path) === path
      ? 'a file outside of the folder'
      : undefined;
  } catch {
    // There is nothing that could be sent.
    return undefined;
  }
}

/**
 * Asks the person whether the password may go there.
 *
 * @throws {UsageError} without a person to ask
 * @throws {Cancelled} where the person says no
 */
export async function settleDoubt(
  { secret, from, serverUrl, file }: Doubt,
  questions: Questions | undefined,
): Promise<void> {
  const { origin } = new URL(serverUrl);
  if (questions === undefined) {
    throw new UsageError([
      `${secret} is from ${from}, and KEYCLOAK_SERVER_URL from ${file}: ${origin}. Nothing was sent.`,
      `If that is your Keycloak, name the file: --env ${file}`,
    ]);
  }
  const isWanted = await questions.confirm(`${file} names the Keycloak ${origin}. Send it ${secret}?`, false);
  if (!isWanted) throw new Cancelled('cancelled');
}
