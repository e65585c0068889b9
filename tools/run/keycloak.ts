// A real Keycloak for development, by hand: npm run keycloak -- --help
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NEWEST_VERSION, startKeycloak } from './keycloak/index.ts';

const REALM_FILE = fileURLToPath(new URL('../../packages/testing/testing-realm.json', import.meta.url));
const USAGE = `Starts a real Keycloak with the realm 'testing', on this machine only, without Docker.

Usage: npm run keycloak [-- options]

  --version <version>    Keycloak version (default ${NEWEST_VERSION})
  --port <port>          port to listen on (default 8080)
  --auth-prefix          serve below /auth, as Keycloak did before 17
  --hostname <url>       public URL (KC_HOSTNAME), for example http://keycloak.example.test:8080
  --features <names>     experimental features to turn on, for example cimd,resource-indicators
  --realm-file <file>    realm to import (default packages/testing/testing-realm.json)
  --help                 this text

Needs a JDK (17 or later). Finds Keycloak in KEYCLOAK_HOME, else downloads it once with Maven.
All data is gone when it stops.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      version: { type: 'string', default: NEWEST_VERSION },
      port: { type: 'string', default: '8080' },
      'auth-prefix': { type: 'boolean', default: false },
      hostname: { type: 'string' },
      features: { type: 'string' },
      'realm-file': { type: 'string', default: REALM_FILE },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const started = performance.now();
  const keycloak = await startKeycloak({
    version: values.version,
    port: Number(values.port),
    realmFile: values['realm-file'],
    relativePath: values['auth-prefix'] ? '/auth' : undefined,
    hostname: values.hostname,
    features: values.features?.split(','),
    onProgress: (line) => process.stdout.write(`${line} …\n`),
  });
  process.stdout.write(`Keycloak ${keycloak.version} is ready after ${((performance.now() - started) / 1000).toFixed(1)} s

  KEYCLOAK_SERVER_URL   ${keycloak.url}
  Admin console         ${keycloak.url}/admin/   user ${keycloak.adminUser}, password ${keycloak.adminPassword}
  Log                   ${keycloak.logFile}

Stop it with Ctrl-C.
`);
  let watch: NodeJS.Timeout | undefined;
  const end = await new Promise<string>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    watch = setInterval(() => {
      if (keycloak.exitCode() !== undefined) resolve('exit');
    }, 500);
  });
  clearInterval(watch);
  await keycloak.close();
  process.stdout.write(end === 'exit' ? 'Keycloak ended by itself.\n' : 'Keycloak stopped.\n');
  return end === 'exit' ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
