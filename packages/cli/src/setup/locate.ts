import { judgeServer } from '../doctor/checks/address/keycloak.ts';
import { nearnessOf } from '../doctor/evidence/nearness.ts';
import { call } from '../keycloak/call.ts';
import { findServer, trimUrl } from '../keycloak/find-server.ts';
import type { Output } from '../terminal/output.ts';
import type { Questions } from '../terminal/questions.ts';
import { assertUsable, type SetupOptions } from './options.ts';

const TIMEOUT_MS = 30_000;

/**
 * Finds the Keycloak that is to be set up, before anybody types a password for it. People copy addresses from the
 * browser: where Keycloak answers at a similar address, that one is used, and shown.
 *
 * @throws {Error} where there is none, in words for the person at the terminal
 */
export async function locate(
  options: SetupOptions,
  out: Output,
  questions: Questions | undefined,
): Promise<SetupOptions> {
  // A realm file needs no Keycloak.
  if (options.exportFile !== undefined) return options;
  const given =
    options.serverUrl ?? (await questions?.text('Address of Keycloak', 'http://localhost:8080')) ?? '';
  // It is reported with everything else that is missing.
  if (given === '') return options;
  assertUsable({ ...options, serverUrl: given });
  out.progress('looking for Keycloak');
  const found = await findServer(given, options.realm, TIMEOUT_MS);
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
  return { ...options, serverUrl };
}

/** Warns over a network only: inside one machine or one Docker network plain HTTP is common. */
function isReadable(serverUrl: string): boolean {
  const { protocol, hostname } = new URL(serverUrl);
  return protocol === 'http:' && nearnessOf(hostname) === 'everybody';
}
