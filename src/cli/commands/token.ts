import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { KeycloakClient, Tokens } from '../../client/index.ts';
import type { LoopbackLogin } from '../loopback-login.ts';
import { Cancelled, readLines } from '../terminal/questions.ts';

export const usage = `keycloak-guard token: an access token for curl

Usage: keycloak-guard token [options]

  (nothing)                sign in with the browser: Keycloak must know http://127.0.0.1/* as a redirect URI
  --device                 sign in on another device, where Keycloak allows it to the client
  --username <name>        sign in with a password, asked for, or the first line of the standard input
  --env <file>             read settings from this file instead of .env

Prints the token and nothing else to the standard output. Nothing is kept.

  curl http://localhost:8000/protected -H "Authorization: Bearer $(keycloak-guard token)"
`;

export async function run(args: string[]): Promise<number> {
  // Not --env-file: Node 20 takes that for itself, wherever it stands.
  let values: { device?: boolean; username?: string; env?: string };
  try {
    ({ values } = parseArgs({
      args,
      options: { device: { type: 'boolean' }, username: { type: 'string' }, env: { type: 'string' } },
    }));
  } catch (error) {
    process.stderr.write(`keycloak-guard token: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  // A file that was named and is not there: other settings would be used than those that were meant.
  if (values.env !== undefined && !existsSync(values.env)) {
    process.stderr.write(`keycloak-guard token: there is no file ${values.env}\n`);
    return 2;
  }
  const { ConfigError, clientOptionsOf, loadConfig } = await import('../../service/index.ts');
  const { AuthorizationError, ClientError, createClient } = await import('../../client/index.ts');
  try {
    // Here nobody has a session.
    const env = { ...process.env, SESSION_SECRET: 'off' };
    const client = createClient(clientOptionsOf(loadConfig({ env, envFile: values.env })));
    const tokens = await signIn(client, values);
    process.stdout.write(`${tokens.accessToken}\n`);
    return 0;
  } catch (error) {
    if (error instanceof Cancelled) return 1;
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
    if (error instanceof ClientError) {
      process.stderr.write(`keycloak-guard token: ${error.message}\n${error.diagnosis.fix}\n`);
      return 1;
    }
    if (!(error instanceof AuthorizationError)) throw error;
    process.stderr.write(`keycloak-guard token: ${error.message}\n`);
    return 1;
  }
}

async function signIn(
  client: KeycloakClient,
  { device, username }: { device?: boolean; username?: string },
): Promise<Tokens> {
  if (username !== undefined) {
    return client.passwordGrant({ username, password: await readPassword() });
  }
  if (device) {
    return client.deviceGrant(({ userCode, verificationUri, verificationUriComplete }) => {
      const where = verificationUriComplete ?? verificationUri;
      process.stderr.write(`Open ${where}\nThe code is ${userCode}\n`);
    });
  }
  const { startLoopbackLogin } = await import('../loopback-login.ts');
  const login: LoopbackLogin = await startLoopbackLogin(client);
  process.stderr.write(
    `Open ${login.url}\n\nIf Keycloak says "Invalid parameter: redirect_uri": add http://127.0.0.1/* to the valid redirect URIs of the client, or use --username.\n`,
  );
  return login.finished;
}

/** From a pipe, or asked for: not on the standard output, which is the token's alone. */
async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await readLines(process.stdin))[0] ?? '';
  const prompts = await import('@clack/prompts');
  const answer = await prompts.password({ message: 'Password', output: process.stderr });
  if (prompts.isCancel(answer)) throw new Cancelled('cancelled');
  return answer;
}
