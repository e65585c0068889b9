import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { DevIdp } from '@keycloak-guard/testing';
import { isPort, startDevProvider, TESTING_REALM } from '../dev/dev-provider.ts';
import { readSettings } from '../settings/env-file.ts';
import { createOutput } from '../terminal/output.ts';
import type { Paint } from '../terminal/style.ts';

export const usage = `keycloak-guard dev: run the identity provider alone, for development

Usage: keycloak-guard dev [options]

  --realm-file <file>   realm, as Keycloak exports it (default: the realm "testing" of this package)
  --port <port>         port to listen on (default: 8080, or the next one that is free)

It answers as Keycloak does, on this machine alone. It has no admin API: change the realm file and start again.
Keys and sessions outlive a restart. Refused with NODE_ENV=production.
`;

export async function run(args: string[]): Promise<number> {
  let values: { 'realm-file'?: string; port?: string };
  try {
    ({ values } = parseArgs({
      args,
      options: { 'realm-file': { type: 'string' }, port: { type: 'string' } },
    }));
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
  const idp = await startDevProvider({
    realmFile,
    port: Number(values.port ?? 8080),
    exact: values.port !== undefined,
  });
  const out = createOutput(process.stdout, process.env);
  out.line(banner(idp, realmFile, out.paint));
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await idp.close();
  return 0;
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
