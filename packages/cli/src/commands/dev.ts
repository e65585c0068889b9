import { once } from 'node:events';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { DevIdp } from '@keycloak-guard/testing';
import { isPort, startDevProvider, TESTING_REALM } from '../dev/dev-provider.ts';
import { endWithNpm } from '../dev/end-with-npm.ts';
import { readDevRealm } from '../dev/realm-client.ts';
import { runBeside } from '../dev/run-beside.ts';
import { announceProvider } from '../dev/running-provider.ts';
import { readSettings } from '../settings/env-file.ts';
import { createOutput } from '../terminal/output.ts';
import type { Paint } from '../terminal/style.ts';

export const usage = `keycloak-guard dev: run the identity provider, for development, alone or with an application

Usage: keycloak-guard dev [options] [-- <command>]

  --realm-file <file>   realm, as Keycloak exports it (default: the realm "testing" of this package)
  --port <port>         port to listen on (default: 8080, or the next one that is free)
  -- <command>          runs it beside the provider, until one of them ends. KEYCLOAK_SERVER_URL, KEYCLOAK_REALM,
                        KEYCLOAK_CLIENT_ID and KEYCLOAK_CLIENT_SECRET in its environment name the provider and a
                        client of the realm: the one that KEYCLOAK_CLIENT_ID names, else the first one with a secret

  keycloak-guard dev --realm-file realm.json -- node --watch src/main.js

It answers as Keycloak does, on this machine alone. It has no admin API: change the realm file and start again.
Keys and sessions outlive a restart. Refused with NODE_ENV=production.
`;

export async function run(args: string[]): Promise<number> {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const command = args.slice(end + 1);
  let values: { 'realm-file'?: string; port?: string };
  try {
    ({ values } = parseArgs({
      args: args.slice(0, end),
      options: { 'realm-file': { type: 'string' }, port: { type: 'string' } },
    }));
    if (end < args.length && command.length === 0) throw new Error('-- needs a command');
    if (values.port !== undefined && !isPort(values.port)) {
      throw new Error('--port must be a whole number from 0 to 65535');
    }
  } catch (error) {
    process.stderr.write(`keycloak-guard dev: ${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const setting = await readSettings(process.env, '.env');
  if (setting('NODE_ENV') === 'production') {
    process.stderr.write(
      'keycloak-guard dev: refused, NODE_ENV is production. It is for development only.\n',
    );
    return 2;
  }
  const realmFile = values['realm-file'] ?? TESTING_REALM;
  const client =
    command.length > 0 ? (await readDevRealm(realmFile)).client(setting('KEYCLOAK_CLIENT_ID')) : undefined;
  const idp = await startDevProvider({
    realmFile,
    port: Number(values.port ?? 8080),
    exact: values.port !== undefined,
  });
  endWithNpm();
  const forget = await announceProvider({ url: idp.url, realm: idp.realm, realmFile: resolve(realmFile) });
  const out = createOutput(process.stdout, process.env);
  out.line(banner(idp, realmFile, out.paint));
  try {
    if (client !== undefined)
      return await runBeside(command, {
        ...process.env,
        KEYCLOAK_SERVER_URL: idp.url,
        KEYCLOAK_REALM: idp.realm,
        KEYCLOAK_CLIENT_ID: client.clientId,
        KEYCLOAK_CLIENT_SECRET: client.clientSecret,
      });
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    return 0;
  } finally {
    await forget();
    await idp.close();
  }
}

function banner(idp: DevIdp, realmFile: string, paint: Paint): string {
  const warnings = idp.warnings.map((warning) => `  ${paint(['bold', 'yellow'], '!')} ${warning}\n`).join('');
  return `
  ${paint('green', '●')} ${paint('bold', 'Identity provider is running')}   ${paint(['bold', 'yellow'], 'DEVELOPMENT ONLY')}

  URL        ${paint('cyan', idp.url)}
  Issuer     ${paint('cyan', idp.issuer)}
  Discovery  ${paint('dim', `${idp.issuer}/.well-known/openid-configuration`)}
  Realm      ${paint('bold', idp.realm)}  ${paint('dim', `from ${realmFile}`)}
${warnings === '' ? '' : `\n${warnings}`}`;
}
