import { once } from 'node:events';
import { resolve } from 'node:path';
import type { DevIdp } from '@keycloak-guard/testing';
import { endWithNpm, runBeside } from '../dev/child-process.ts';
import { isPort, readDevRealm, startDevProvider, TESTING_REALM } from '../dev/dev-provider.ts';
import { announceProvider, DEV_USER } from '../dev/running-provider.ts';
import { readSettings } from '../settings/env-file.ts';
import { createConsent } from '../settings/from-folder.ts';
import { parseOptions, table, toHelp } from '../settings/options.ts';
import { UsageError } from '../settings/usage-error.ts';
import { createOutput, type Paint, toShellWord } from '../terminal/output.ts';

const OPTIONS = table(`
--realm-file <file> | | realm, as Keycloak exports it (default: the realm "testing" of this package)
--port <port> | | port to listen on (default: 8080, or the next one that is free)
`);

export const usage = `keycloak-guard dev: run the identity provider, for development, alone or with an application

Usage: keycloak-guard dev [options] [-- <command>]

${toHelp(OPTIONS)}
  -- <command>              runs it beside the provider, until one of them ends. KEYCLOAK_SERVER_URL, KEYCLOAK_REALM,
                            KEYCLOAK_CLIENT_ID and KEYCLOAK_CLIENT_SECRET in its environment name the provider and a
                            client of the realm: the one that KEYCLOAK_CLIENT_ID names, else the first one with a secret

  keycloak-guard dev --realm-file realm.json -- node --watch src/main.js

It answers as Keycloak does, on this machine alone. It has no admin API: change the realm file and start again.
Keys and sessions outlive a restart. Refused with NODE_ENV=production.
`;

export async function run(args: string[]): Promise<number> {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const command = args.slice(end + 1);
  const { flags } = parseOptions(args.slice(0, end), OPTIONS, { allowPositionals: false });
  if (end < args.length && command.length === 0) throw new UsageError(['-- needs a command']);
  if (flags.port !== undefined && !isPort(flags.port))
    throw new UsageError(['--port must be a whole number from 0 to 65535']);
  const settings = await readSettings(process.env, '.env', false);
  // The client is looked for in the realm file alone.
  const { mode, clientId } = await createConsent(undefined).open(
    { mode: settings('NODE_ENV'), clientId: settings('KEYCLOAK_CLIENT_ID') },
    [],
  );
  if (mode === 'production') {
    process.stderr.write(
      'keycloak-guard dev: refused, NODE_ENV is production. It is for development only.\n',
    );
    return 2;
  }
  const realmFileFlag = flags['realm-file'];
  const realmFile = realmFileFlag ?? TESTING_REALM;
  // Without a file, who starts the provider says that the realm of the package is not there.
  const dev = realmFileFlag || command.length > 0 ? await readDevRealm(realmFile) : undefined;
  const client = command.length > 0 ? dev?.client(clientId) : undefined;
  const idp = await startDevProvider({
    realmFile,
    port: Number(flags.port ?? 8080),
    exact: flags.port !== undefined,
  });
  endWithNpm();
  const forget = await announceProvider({
    url: idp.url,
    realm: idp.realm,
    // Without a file it has the realm of `npm start` of the clone.
    realmFile: realmFileFlag && resolve(realmFileFlag),
  });
  const out = createOutput(process.stdout, process.env);
  out.line(banner(idp, realmFileFlag, dev?.hasCaller ?? true, out.paint));
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

function banner(idp: DevIdp, realmFile: string | undefined, hasCaller: boolean, paint: Paint): string {
  const warnings = idp.warnings.map((warning) => `  ${paint(['bold', 'yellow'], '!')} ${warning}\n`).join('');
  const flags = realmFile === undefined ? '' : ` --realm-file ${toShellWord(realmFile)}`;
  const token = hasCaller ? `  Token      npx keycloak-guard token${flags}\n` : '';
  const signIn = `\n  Sign in    ${paint('bold', DEV_USER.username)} / ${paint('bold', DEV_USER.password)}`;
  return `
  ${paint('green', '●')} ${paint('bold', 'Identity provider is running')}   ${paint(['bold', 'yellow'], 'DEVELOPMENT ONLY')}

  URL        ${paint('cyan', idp.url)}
  Issuer     ${paint('cyan', idp.issuer)}
  Discovery  ${paint('dim', `${idp.issuer}/.well-known/openid-configuration`)}
  Realm      ${paint('bold', idp.realm)}  ${paint('dim', `from ${realmFile ?? TESTING_REALM}`)}${realmFile === undefined ? signIn : ''}
${token}${warnings === '' ? '' : `\n${warnings}`}`;
}
