import { existsSync } from 'node:fs';
import { endWithNpm } from '../dev/child-process.ts';
import { parseOptions, table, toHelp } from '../settings/options.ts';

const OPTIONS = table(`
--env <file> | | read settings from this file instead of .env
`);

export const usage = `keycloak-guard serve: run the API on your Keycloak

Usage: keycloak-guard serve [options]

${toHelp(OPTIONS)}

Settings come from the environment, from .env, and from the keycloak.json that KEYCLOAK_CONFIG_FILE names.
All of them are in docs/settings.md of the package @keycloak-guard/server.
The service starts without Keycloak and is ready when Keycloak is.
`;

export async function run(args: string[]): Promise<number> {
  const { flags } = parseOptions(args, OPTIONS, { allowPositionals: false });
  // Without the named file, the service would run with the wrong settings.
  if (flags.env !== undefined && !existsSync(flags.env)) {
    process.stderr.write(`keycloak-guard serve: there is no file ${flags.env}\n`);
    return 2;
  }
  endWithNpm();
  const { runService } = await import('@keycloak-guard/server/run');
  return runService({ env: process.env, envFile: flags.env });
}
