import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { KeycloakClient, Tokens } from 'keycloak-guard/client';
import { credentialSendings } from '../access/access.ts';
import { readDevRealm } from '../dev/dev-provider.ts';
import { DEV_CLIENT, DEV_USER, findProvidersWithout, findRunningProviders } from '../dev/running-provider.ts';
import { call } from '../keycloak/call.ts';
import { trimUrl } from '../keycloak/server.ts';
import { loadAssuming, type Settings, withKeycloakJson } from '../settings/env-file.ts';
import { createConsent } from '../settings/from-folder.ts';
import { type Flags, toHelp } from '../settings/options.ts';
import { readOptions } from '../settings/read-options.ts';
import { UsageError } from '../settings/usage-error.ts';
import { toClientFlags } from '../setup/audience-command.ts';
import { createOutput, type Output, toPlainLine, toShellWord } from '../terminal/output.ts';
import { Cancelled, createQuestions, readLines } from '../terminal/questions.ts';
import { EXCHANGE, SIGN_IN } from '../token/options.ts';
import { reportEarlyEnd, runAsAdmin } from './run-as-admin.ts';

export const usage = `keycloak-guard token: an access token for curl

Usage: keycloak-guard token [options]
       keycloak-guard token --for <service> --user <name>   why your client gets a token for it, or not

  (nothing)                 sign in with the browser, where Keycloak takes http://127.0.0.1/callback as a redirect URI of
                            the client (setup adds it for an app on this machine), or of its development caller (setup
                            caller); else with a name and a password
${toHelp(SIGN_IN)}

${toHelp(EXCHANGE)}

Without settings, while "keycloak-guard dev" (or npm start of the clone) runs with the realm of the package: the token of
the user abdullah there.
Prints the token and nothing else to the standard output. Nothing is kept.

  curl http://localhost:8000/protected -H "Authorization: Bearer $(keycloak-guard token)"
`;

type TokenFlags = Flags<typeof SIGN_IN>;

export async function run(args: string[]): Promise<number> {
  const err = createOutput(process.stderr, process.env);
  if (args.some((one) => /^--for(=|$)/.test(one))) return explain(args);
  const { flags, settings } = await readOptions(args, SIGN_IN, process.env, { allowPositionals: false });
  // Without the named file, the command would use the wrong settings.
  const absent = [flags.env, flags['realm-file']].find((file) => file !== undefined && !existsSync(file));
  if (absent !== undefined) {
    err.line(`keycloak-guard token: there is no file ${absent}`);
    return 2;
  }
  const { ConfigError } = await import('@keycloak-guard/server/config');
  const { AuthorizationError, ClientError } = await import('keycloak-guard/client');
  try {
    const { accessToken } = await getTokens(flags, settings, err);
    createOutput(process.stdout, process.env).line(toPlainLine(accessToken));
    return 0;
  } catch (error) {
    if (error instanceof Cancelled) return 1;
    if (error instanceof UsageError) return reportEarlyEnd('token', error, err) as number;
    if (error instanceof ConfigError) {
      err.line(error.message);
      for (const { url, realmFile } of await findRunningProviders())
        if (realmFile !== undefined)
          err.line(
            `The provider at ${url} runs: keycloak-guard token --realm-file ${toShellWord(realmFile)}`,
          );
      err.line('Without any settings, a token is from the provider that "keycloak-guard dev" runs.');
      return 2;
    }
    if (!(error instanceof ClientError || error instanceof AuthorizationError)) throw error;
    err.line(toPlainLine(`keycloak-guard token: ${error.message}`));
    if (error instanceof ClientError) {
      const { toSettingNames } = await import('@keycloak-guard/server/config');
      err.line(toPlainLine(toSettingNames(error.diagnosis.fix)));
    }
    return 1;
  }
}

/** Only this loads the Admin API's client. */
const explain = (args: string[]): Promise<number> =>
  runAsAdmin('token', 2, async (out) => {
    const { showExchange } = await import('../token/exchange-why.ts');
    return showExchange(args, process.env, out);
  });

async function getTokens(flags: TokenFlags, settings: Settings, err: Output): Promise<Tokens> {
  const { createClient } = await import('keycloak-guard/client');
  const { 'realm-file': named } = flags;
  const file = named === undefined ? undefined : resolve(named);
  const dev = file === undefined ? undefined : await readDevRealm(file);
  const [provider, ...others] =
    file === undefined
      ? await findProvidersWithout(settings)
      : (await findRunningProviders()).filter(({ realmFile }) => realmFile === file);
  if (provider === undefined) {
    if (dev !== undefined)
      throw new Error(
        `no provider runs from ${named}: keycloak-guard dev --realm-file ${toShellWord(named ?? '')}`,
      );
    const { options, config } = await readCaller(flags, err);
    await assertMayGo(settings, flags);
    return signIn(createClient(options), config, flags, err);
  }
  const { url: serverUrl, realm } = provider;
  // It is looked for in the realm file alone.
  const { clientId } = await NOBODY.open({ clientId: settings('KEYCLOAK_CLIENT_ID') }, []);
  const credential = dev?.caller(clientId) ?? DEV_CLIENT;
  const client = createClient({ serverUrl, realm, ...credential });
  if (dev !== undefined) {
    err.line(`With the client ${toPlainLine(credential.clientId)}.`);
    return client.passwordGrant({ ...dev.user(flags.user), scope: toScope(flags) });
  }
  if (flags.device || flags.user !== undefined)
    return signIn(client, { serverUrl, realm, clientId: DEV_CLIENT.clientId }, flags, err);
  err.line(`${DEV_USER.username}, at the embedded provider: ${serverUrl}`);
  if (others.length > 0)
    err.line(
      `It was started last. For the one at ${others.map(({ url }) => url).join(', ')}: KEYCLOAK_SERVER_URL, KEYCLOAK_REALM, KEYCLOAK_CLIENT_ID and KEYCLOAK_CLIENT_SECRET say which.`,
    );
  return client.passwordGrant({ ...DEV_USER, scope: toScope(flags) });
}

/** The client of the settings; without a secret a public one, as that of a front end. */
async function readCaller(flags: TokenFlags, err: Output) {
  const { clientOptionsOf, ConfigError } = await import('@keycloak-guard/server/config');
  // Here nobody has a session.
  const env = { ...process.env, SESSION_SECRET: 'off' };
  const stand = { KEYCLOAK_CLIENT_SECRET: randomUUID() };
  const { config, assumed } = loadAssuming(env, flags.env ?? '.env', stand);
  if (config instanceof ConfigError) throw config;
  const { credential, ...options } = clientOptionsOf(config);
  if (assumed.length === 0) return { config, options: { ...options, credential } };
  err.line(
    `KEYCLOAK_CLIENT_SECRET is not set: ${toPlainLine(config.clientId)} is taken for a public client.`,
  );
  return { config, options };
}

const toScope = ({ scope }: TokenFlags): string => ['openid', scope].filter(Boolean).join(' ');

/** A question about it would stand in front of the token: what needs one is refused. */
const NOBODY = createConsent(undefined);

/** @throws {UsageError} where a file that nobody named would decide who gets the credential, or a password from a pipe */
async function assertMayGo(settings: Settings, { user: username }: TokenFlags): Promise<void> {
  const all = await withKeycloakJson(settings, NOBODY);
  const to = { serverUrl: all('KEYCLOAK_SERVER_URL'), realm: all('KEYCLOAK_REALM') };
  const isPiped = username !== undefined && !process.stdin.isTTY;
  const piped = { name: 'the password', value: undefined, ...to, as: username };
  await NOBODY.open({}, [...credentialSendings(all, to), ...(isPiped ? [piped] : [])]);
}

async function signIn(
  client: KeycloakClient,
  { serverUrl, realm, clientId }: Readonly<Record<'serverUrl' | 'realm' | 'clientId', string>>,
  signInFlags: TokenFlags,
  err: Output,
): Promise<Tokens> {
  const { device, user: username } = signInFlags;
  const scope = toScope(signInFlags);
  const where = `realm ${realm}, at ${trimUrl(serverUrl)}`;
  if (device)
    return client.deviceGrant(
      ({ userCode, verificationUri, verificationUriComplete }) => {
        err.line(toPlainLine(`Open ${verificationUriComplete ?? verificationUri}`));
        err.line(toPlainLine(`The code is ${userCode}`));
      },
      { scope },
    );
  const { startLoopbackLogin } = await import('../token/loopback-login.ts');
  const { ClientError, createClient } = await import('keycloak-guard/client');
  const startLogin = async (caller: KeycloakClient) => {
    const login = await startLoopbackLogin(caller, scope);
    // Only the person in the browser would see the error, and this program would wait for ever.
    if (!(await isRefused(login.url))) return login;
    login.close();
    return undefined;
  };
  // The client of an API takes no sign-ins; its development caller (setup caller) does.
  const devId = `${clientId}-dev`;
  const devCaller = createClient({ serverUrl, realm, clientId: devId });
  if (username !== undefined) {
    const password = await readPassword(username, where, err);
    return client.passwordGrant({ username, password, scope }).catch(async (error: unknown) => {
      if (!(error instanceof ClientError) || error.diagnosis.id !== 'direct-grants-off') throw error;
      const login = await startLogin(devCaller);
      if (login === undefined) throw error;
      login.close();
      const fix = `Its development caller ${devId} signs people in with the browser: keycloak-guard token, without --user`;
      throw new ClientError({ ...error.diagnosis, fix }, error.answerStatus);
    });
  }
  for (const caller of [client, devCaller]) {
    const login = await startLogin(caller);
    if (login === undefined) continue;
    if (caller === devCaller) err.line(`With the development caller ${devId}.`);
    err.line(`Open ${login.url}`);
    err.line();
    return login.finished;
  }
  err.line(
    `Keycloak takes no answer to this program for the client ${clientId}, so the browser cannot be used.`,
  );
  const flags = toClientFlags({ serverUrl: trimUrl(serverUrl), realm, clientId });
  err.line(`To change that: keycloak-guard setup caller ${toPlainLine(flags)}`);
  err.line(
    `or Clients > ${clientId} > Settings > Valid redirect URIs: add http://127.0.0.1/callback (with Standard flow on)`,
  );
  const name = await readName(where, err);
  return client.passwordGrant({ username: name, password: await readPassword(name, where, err), scope });
}

/** Keycloak's page for a client that takes no such sign-in, or the same as an answer to this program. */
async function isRefused(url: string): Promise<boolean> {
  const { status, headers } = await call(url, {}, 5_000);
  return (status >= 400 && status < 500) || /[?&]error=/.test(headers.get('location') ?? '');
}

async function readName(where: string, err: Output): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Error(
      'there is no terminal to sign in at: use --user, and give the password on the standard input',
    );
  return (await ask(err)).text(`User (${where})`);
}

/** From a pipe; or asked for, with whose it is and who gets it. */
async function readPassword(username: string, where: string, err: Output): Promise<string> {
  if (!process.stdin.isTTY) return (await readLines(process.stdin))[0] ?? '';
  return (await ask(err)).secret(`Password of ${username} (${where})`);
}

/** Not on the standard output, which is the token's alone. */
const ask = (err: Output) => createQuestions(err, process.stderr);
