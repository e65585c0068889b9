import { readFile, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Config, ConfigError, parseSettings, type SettingProblem } from '@keycloak-guard/server/config';
import { AuthError } from 'keycloak-guard';
import { isSecretSetting } from '../../settings/from-folder.ts';
import { check, fail, ok, skipped, warn } from '../check.ts';

/** The setting that says how this service proves to Keycloak that it is its client. */
export function credentialSetting({ credential }: Pick<Config, 'credential'>): string {
  if ('secretFile' in credential) return 'KEYCLOAK_CLIENT_SECRET_FILE';
  if ('keyFile' in credential) return 'KEYCLOAK_CLIENT_KEY_FILE';
  if ('certificateFile' in credential) return 'KEYCLOAK_CLIENT_CERTIFICATE_FILE';
  return 'tokenFile' in credential ? 'KEYCLOAK_CLIENT_TOKEN_FILE' : 'KEYCLOAK_CLIENT_SECRET';
}

const settingsValid = check('settings.valid', [], ({ settings, assumed, options }) => {
  if (!(settings instanceof ConfigError)) {
    const seen = `${settings.serverUrl}, realm ${settings.realm}, client ${settings.clientId}`;
    if (options.provider !== undefined) return ok(`none are set; the embedded provider: ${seen}`);
    return ok(
      assumed.includes('KEYCLOAK_SERVER_URL')
        ? `none are set; as the token says: ${seen}. No password is sent there`
        : seen,
    );
  }
  const { problems } = settings;
  // The file cannot be read, or its author would choose too much: then the second line says what to do.
  if (problems.length === 0) {
    const [cause = '', fix = `chmod u+r ${options.envFile}`] = settings.message.split('\n');
    return fail(options.envFile, cause, fix);
  }
  const names = problems.map(({ name, seen }) => `${name} ${seen}`).join(' ');
  const lines = problems.map(({ name, rule, example }) => `${name} ${rule}, for example ${name}=${example}`);
  return fail(
    names,
    problems.length === 1
      ? 'a setting is missing or wrong'
      : `${problems.length} settings are missing or wrong`,
    [
      `In the environment or in ${options.envFile}:`,
      ...lines,
      ...problems.flatMap(howItGotThere),
      'Or let keycloak-guard setup write the file.',
    ].join('\n'),
    [],
  );
});

function howItGotThere({ name, seen }: SettingProblem): string[] {
  if (/has quotes/.test(seen))
    return [
      `Quotes are a part of the value where no shell reads it: write ${name}=… without them in an --env-file of Docker, in "environment" of Compose and in a Kubernetes Secret.`,
    ];
  const [, other] = /is set beside (\w+)/.exec(seen) ?? [];
  if (other !== undefined)
    return [
      `Take one line out, ${name} or ${other}: the one that the client does not use (Clients > the client > Credentials > Client Authenticator). setup empties it when it switches the credential (--credential).`,
    ];
  if (/line break|spaces around/.test(seen))
    return [
      `A line break or a space at the end comes along from a file or from echo: make it by printf %s "$SECRET" or echo -n (kubectl create secret --from-literal, openssl base64 of printf), and look for \\r of Windows.`,
    ];
  return [];
}

/** Whether the doctor may act as the client. A library that only verifies tokens needs no secret, and neither do most checks. */
const settingsSecret = check('settings.secret', ['settings.valid'], async ({ assumed, options, reach }) => {
  if (assumed.length > 0)
    return skipped(`not set: ${assumed.join(', ')}; checks that call Keycloak as the client are skipped`);
  const { credential, serverUrl } = reach.caller;
  const setting = credentialSetting(reach.config);
  // Reads the file. Nothing is sent: Keycloak's answer to it is for later checks.
  const realm = {
    discover: async () => ({
      issuer: serverUrl,
      metadata: { issuer: serverUrl },
      isFollowingCaller: false,
    }),
  };
  try {
    await credential?.authenticate(realm, async () => ({ status: 200, body: '' }));
  } catch (error) {
    const message = error instanceof AuthError ? error.reason : String(error);
    return fail(
      message,
      `${setting} cannot be used`,
      `Look at the path in ${setting}, at who writes the file, and whether this process may read it.`,
    );
  }
  return ok(options.provider === undefined ? `${setting} is set` : 'that of the embedded provider');
});

const settingsFile = check('settings.env-file', [], async ({ options }) => {
  const info = await stat(options.envFile).catch(() => undefined);
  if (info === undefined)
    return skipped(
      `there is no ${options.envFile}; the settings ${options.provider === undefined ? 'come from the environment' : 'are those of the embedded provider'}`,
    );
  const mode = info.mode & 0o777;
  const seen = `${options.envFile}, mode ${mode.toString(8).padStart(4, '0')}`;
  // Windows has no permission bits.
  if (process.platform === 'win32' || (mode & 0o077) === 0 || !info.isFile()) return ok(seen);
  const file = parseSettings(await readFile(options.envFile, 'utf8').catch(() => ''));
  const secrets = Object.entries(file).filter(([name, value]) => value && isSecretSetting(name, value));
  if (secrets.length === 0) return ok(seen);
  return warn(
    seen,
    `other users of this machine can read ${secrets.map(([name]) => name).join(', ')}`,
    `chmod 600 ${options.envFile}`,
  );
});

const WAIT_MS = 3_000;

/** Whether the Redis is there that the replicas share. The address may hold a password, so it is not shown. */
const settingsRedis = check('settings.redis', ['settings.valid'], async ({ reach }) => {
  const url = reach.config.redisUrl;
  if (url === undefined) return skipped('REDIS_URL is not set');
  const { hostname, port } = new URL(url);
  const where = `${hostname}:${port || 6379}`;
  let why = 'it does not answer';
  let mend = 'Start it, or correct REDIS_URL: host, port, user and password, rediss:// with TLS.';
  // Its client takes longer to load than all the rest of the doctor.
  const { openRedis } = await import('keycloak-guard/redis');
  const connection = openRedis({
    url,
    timeoutMs: WAIT_MS,
    onNotice({ code, message, fix }) {
      why = message;
      if (code === 'redis_refused' && fix !== undefined) mend = `${fix}.`;
    },
  });
  const waiting = new AbortController();
  try {
    const ready = new Promise<void>((resolve) => connection.onReady(resolve));
    await Promise.race([ready, pause(WAIT_MS, undefined, { signal: waiting.signal })]);
    const expiration = { type: 'PX', value: 1_000 } as const;
    await connection.run((client) => client.set(`${reach.config.redisKeyPrefix}:doctor`, '', { expiration }));
    return ok(`Redis answers and takes writes at ${where}`);
  } catch (error) {
    if (why === 'it does not answer') why = (error as Error).message;
    return fail(
      why,
      `Redis does not work at ${where}: browser sign-ins get 503, and replicas do not share logouts`,
      mend,
    );
  } finally {
    waiting.abort();
    connection.close();
  }
});

export const SETTINGS_CHECKS = [settingsValid, settingsSecret, settingsFile, settingsRedis];
