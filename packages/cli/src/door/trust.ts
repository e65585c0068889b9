import { nearnessOf } from '../keycloak/nearness.ts';
import type { Setting } from '../settings/env-file.ts';
import { UsageError } from '../settings/usage-error.ts';
import { Cancelled, type Questions } from '../terminal/questions.ts';

/** A password or token that the person gave, and an address that a file gave. */
export interface Doubt {
  /** What holds it, for example `KEYCLOAK_ADMIN_PASSWORD`. */
  readonly secret: string;
  readonly serverUrl: string;
  readonly file: string;
}

/**
 * Whether a password or token would go to an address that only a file in the folder names. The author of that folder, such as a cloned
 * repository, would choose who gets it. An address of this machine is not in doubt, nor is a file that the person
 * named.
 *
 * @param secret where the password comes from; `undefined`: a person types it, and sees the address
 */
export function doubtOf(
  secret: Pick<Setting, 'name' | 'source'> | undefined,
  serverUrl: Setting | undefined,
  file: string | undefined,
  isFileNamed: boolean,
): Doubt | undefined {
  if (secret === undefined || secret.source === 'file' || serverUrl?.source !== 'file') return undefined;
  if (file === undefined || isFileNamed || !URL.canParse(serverUrl.value)) return undefined;
  if (nearnessOf(new URL(serverUrl.value).hostname) === 'this-machine') return undefined;
  return { secret: secret.name, serverUrl: serverUrl.value, file };
}

/**
 * Asks the person whether the password may go there.
 *
 * @throws {UsageError} without a person to ask
 * @throws {Cancelled} where the person says no
 */
export async function settleDoubt(
  { secret, serverUrl, file }: Doubt,
  questions: Questions | undefined,
): Promise<void> {
  const { origin } = new URL(serverUrl);
  if (questions === undefined) {
    throw new UsageError([
      `${secret} is from the environment, and KEYCLOAK_SERVER_URL from ${file}: ${origin}. Nothing was sent.`,
      `If that is your Keycloak, name the file: --env ${file}`,
    ]);
  }
  const isWanted = await questions.confirm(`${file} names the Keycloak ${origin}. Send it ${secret}?`, false);
  if (!isWanted) throw new Cancelled('cancelled');
}
