import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

export const usage = `keycloak-guard serve: run the API on your Keycloak

Usage: keycloak-guard serve [options]

  --env <file>     read settings from this file instead of .env
  --port <port>    listen on this port (PORT)
  --host <host>    listen on this address (HOST)

Settings come from the environment, from .env, and from the keycloak.json that KEYCLOAK_CONFIG_FILE names.
All of them are in docs/settings.md of this package. The service starts without Keycloak and is ready when Keycloak is.
`;

export async function run(args: string[]): Promise<number> {
  // Not --env-file: Node 20 takes that for itself, wherever it stands.
  let values: { env?: string; port?: string; host?: string };
  try {
    ({ values } = parseArgs({
      args,
      options: { env: { type: 'string' }, port: { type: 'string' }, host: { type: 'string' } },
    }));
  } catch (error) {
    process.stderr.write(`keycloak-guard serve: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  // Without the named file, the service would run with the wrong settings.
  if (values.env !== undefined && !existsSync(values.env)) {
    process.stderr.write(`keycloak-guard serve: there is no file ${values.env}\n`);
    return 2;
  }
  const { runService } = await import('@keycloak-guard/server');
  return runService({
    env: {
      ...process.env,
      ...(values.port === undefined ? {} : { PORT: values.port }),
      ...(values.host === undefined ? {} : { HOST: values.host }),
    },
    envFile: values.env,
  });
}
