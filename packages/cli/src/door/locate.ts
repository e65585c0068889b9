import { call } from '../keycloak/call.ts';
import { findServer, trimUrl } from '../keycloak/find-server.ts';
import { judgeServer } from '../keycloak/judge-server.ts';
import { nearnessOf } from '../keycloak/nearness.ts';
import { UsageError } from '../settings/usage-error.ts';
import type { Output } from '../terminal/output.ts';
import { problemsOfDoor } from './options.ts';

const TIMEOUT_MS = 30_000;

/**
 * Finds Keycloak before a person types a password. People copy addresses from the browser: if Keycloak answers at a
 * similar address of the same host, that one is used and shown.
 *
 * @returns the address without a slash at the end
 * @throws {UsageError} if it is not an address
 * @throws {Error} if Keycloak does not answer, in words for the person at the terminal
 */
export async function locate(given: string, realm: string, out: Output): Promise<string> {
  const problems = problemsOfDoor({ serverUrl: given, realm });
  if (problems.length > 0) throw new UsageError(problems);
  out.progress('looking for Keycloak');
  const found = await findServer(given, realm, TIMEOUT_MS);
  const serverUrl = found.elsewhere ?? trimUrl(given);
  if (found.elsewhere !== undefined) {
    out.line(`Keycloak is not at ${given} but at ${serverUrl}: that is used.`);
  } else if (!found.isKeycloak) {
    const { cause, fix } = await judgeServer(found, { serverUrl, timeoutMs: TIMEOUT_MS });
    throw new Error(`${cause}\n${fix}`);
  }
  if (isReadable(serverUrl)) {
    out.line(
      `! ${serverUrl}: plain HTTP. Everybody on the way can read the password of the admin, and all that it opens. Give an https:// address, if there is one.`,
    );
  }
  const master = await call(`${serverUrl}/realms/master`, {}, TIMEOUT_MS);
  if (/realm does not exist/i.test(String(master.json?.error))) {
    throw new Error(
      `${serverUrl}: this is keycloak-guard's embedded provider (or a Keycloak without realm master): it has no Admin API.\n` +
        'Stop it, start a Keycloak (npm run keycloak), run setup again.',
    );
  }
  return serverUrl;
}

/** Warns over a network only: inside one machine or one Docker network plain HTTP is common. */
function isReadable(serverUrl: string): boolean {
  const { protocol, hostname } = new URL(serverUrl);
  return protocol === 'http:' && nearnessOf(hostname) === 'public';
}
