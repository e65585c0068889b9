// What `npm start` of a clone runs: the API. Where KEYCLOAK_SERVER_URL is set, in the environment or in .env, or an option is given, it is
// "keycloak-guard serve". Without it the API comes with a provider of its own, for development only: on this machine alone, with the
// user abdullah, and never with NODE_ENV=production. No installed command does that: on a server, its password would be public.
//
//   PORT=8000          port of the API
//   KEYCLOAK_PORT      first port to try for the provider (default 8080)
import { type AddressInfo, createServer } from 'node:net';
import type { DevIdp } from '@keycloak-guard/testing';
import { run as serve } from '../../packages/cli/src/commands/serve.ts';
import { endWithNpm } from '../../packages/cli/src/dev/child-process.ts';
import { isPort, startDevProvider, TESTING_REALM } from '../../packages/cli/src/dev/dev-provider.ts';
import {
  announceProvider,
  DEV_CLIENT,
  DEV_USER,
  isConfigured,
} from '../../packages/cli/src/dev/running-provider.ts';
import { UsageError } from '../../packages/cli/src/settings/usage-error.ts';
import { createOutput, type Paint } from '../../packages/cli/src/terminal/output.ts';

async function main(args: string[]): Promise<number> {
  endWithNpm();
  const service = await import('@keycloak-guard/server');
  try {
    const file = service.readEnvFile();
    const setting = (name: string) => process.env[name] || file?.[name];
    return args.length > 0 || isConfigured(setting) ? serve(args) : await start(service, setting);
  } catch (error) {
    if (!(error instanceof service.ConfigError || error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}
`);
    return 2;
  }
}

async function start(
  {
    explainStart,
    loadConfig,
    nextSignal,
    pathOfDocument,
    startService,
  }: typeof import('@keycloak-guard/server'),
  setting: (name: string) => string | undefined,
): Promise<number> {
  if (setting('NODE_ENV') === 'production') {
    process.stderr.write(
      'npm start: KEYCLOAK_SERVER_URL is not set, and NODE_ENV is production.\n' +
        `The embedded provider is for development only. Set the address of your Keycloak: see ${pathOfDocument('docs/settings.md')}.\n`,
    );
    return 2;
  }

  const keycloakPort = setting('KEYCLOAK_PORT') ?? '8080';
  if (!isPort(keycloakPort)) {
    process.stderr.write('npm start: KEYCLOAK_PORT must be a whole number from 0 to 65535\n');
    return 2;
  }
  const config = loadConfig({
    // Of the clone that is run: its code is the author's as well.
    envFile: '.env',
    env: {
      // Loopback, even if HOST is set: the password is public.
      ...process.env,
      HOST: 'localhost',
      LOG_LEVEL: setting('LOG_LEVEL') ?? 'warn',
      KEYCLOAK_SERVER_URL: `http://localhost:${keycloakPort}`,
      KEYCLOAK_REALM: 'testing',
      KEYCLOAK_CLIENT_ID: DEV_CLIENT.clientId,
      KEYCLOAK_CLIENT_SECRET: DEV_CLIENT.clientSecret,
    },
  });
  let idp: DevIdp | undefined;
  try {
    // The provider has to know where the API is; and where a port is taken, it need not start.
    const port = await findPort(config.port);
    if (config.metricsPort !== undefined) await findPort(config.metricsPort);
    idp = await startDevProvider({
      realmFile: TESTING_REALM,
      port: Number(keycloakPort),
      apiPort: port,
    });
    const here = { ...config, port, serverUrl: idp.url, realm: idp.realm };
    const service = await startService(here, { docsLogin: DEV_USER, loopbackNamesOnly: true });
    const forget = await announceProvider(idp);
    const out = createOutput(process.stdout, process.env);
    const wantedPort = keycloakPort === '0' ? idp.port : Number(keycloakPort);
    out.line(banner(service.url, idp, wantedPort, pathOfDocument('.env.example'), out.paint));
    await nextSignal();
    await forget();
    await service.close();
    return 0;
  } catch (error) {
    process.stderr.write(`npm start: ${explainStart(error, config)}\n`);
    return 1;
  } finally {
    await idp?.close();
  }
}

/** The port, if it is free; for 0 any free one. */
function findPort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen({ port: wanted, host: 'localhost' }, () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => resolve(port));
      });
  });
}

/** The first thing a newcomer sees. */
function banner(api: string, idp: DevIdp, wantedPort: number, example: string, paint: Paint): string {
  const moved =
    idp.port === wantedPort
      ? ''
      : `
             ${paint('yellow', `Port ${wantedPort} is taken, perhaps by a Keycloak. For programs that look for one there:`)}
             export KEYCLOAK_SERVER_URL=${idp.url}`;
  return `
  ${paint('green', '●')} ${paint('bold', 'keycloak-guard is running')}

  API        ${paint('cyan', api)}      ${paint('dim', `docs: ${api}/docs`)}
  Provider   ${paint('cyan', idp.url)}      ${paint('dim', `realm: ${idp.realm}`)}${moved}
  Sign in    ${paint('bold', DEV_USER.username)} / ${paint('bold', DEV_USER.password)}

  ${paint(['bold', 'yellow'], 'DEVELOPMENT ONLY')}  The provider is built in and everybody knows its password.
  ${paint('dim', `Set KEYCLOAK_SERVER_URL to use your own Keycloak (${example}).`)}

  Try it, in another terminal:

    curl ${api}/
    TOKEN=$(curl -s ${api}/login -d username=abdullah -d 'password=Test#123456' | sed 's/.*"access_token":"\\([^"]*\\).*/\\1/')
    curl ${api}/protected -H "Authorization: Bearer $TOKEN"
`;
}

process.exitCode = await main(process.argv.slice(2));
