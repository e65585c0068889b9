// A flood of wrong logins while people log in and call /protected. Ends by itself.
//
//   npm run reliability:flood                     the embedded provider, with logins as slow as Keycloak's
//   npm run reliability:flood -- --keycloak       a real Keycloak, started and stopped
//   KEYCLOAK_SERVER_URL=… KEYCLOAK_CLIENT_SECRET=… npm run reliability:flood      one that runs
//   --rate 1000 --addresses 50 --seconds 30       the flood
//   --paced                                       below the limits by address: they are off, the queue alone holds it
//   --write                                       into lab/reliability/RESULTS.md
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../../../test/support/free-port.ts';
import { startKeycloak } from '../../../tools/run/keycloak/index.ts';
import { ask, here, isPinned, moveToCore, onCore, pin, startServer, stop } from '../../bench/processes.ts';
import { writeSection } from '../section.ts';
import { beGood, type Seen } from './good-users.ts';

const { values } = parseArgs({
  options: {
    keycloak: { type: 'boolean', default: false },
    paced: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    rate: { type: 'string', default: '1000' },
    addresses: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '30' },
  },
});
const seconds = Number(values.seconds);
const log = (text: string) => process.stdout.write(`${text}\n`);
const inReliability = (path: string) => here(`../reliability/flood/${path}`);
const closing: (() => Promise<unknown>)[] = [];

async function startProvider(): Promise<{ url: string; name: string }> {
  const given = process.env.KEYCLOAK_SERVER_URL;
  if (given !== undefined) return { url: given, name: `Keycloak at ${given}` };
  if (values.keycloak) {
    const realmFile = here('../../packages/testing/testing-realm.json');
    const keycloak = await startKeycloak({ realmFile, env: { JAVA_OPTS_APPEND: '' }, onProgress: log });
    closing.push(() => keycloak.close());
    const where = isPinned ? ', on the core of the flood' : '';
    // In production it has a machine of its own: its password checks must not take the core of the service.
    moveToCore('load', keycloak.processGroup());
    return { url: keycloak.url, name: `Keycloak ${keycloak.version}${where}` };
  }
  const port = await freePort();
  startChild('provider.mjs', { PORT: String(port), LOGIN_MS: '1000' });
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(`${url}/realms/testing`).catch(() => undefined))) await sleep(50);
  return { url, name: 'the embedded provider, one second for a login' };
}

function startChild(file: string, env: Record<string, string>): ChildProcess {
  const [command, args] = onCore('load', process.execPath, [inReliability(file)]);
  const { PATH = '' } = process.env;
  const child = spawn(command, args, {
    env: { PATH, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  // In production it runs on another machine: it must not take the processor from the clock of the good users, which is here.
  if (child.pid !== undefined) setPriority(child.pid, 10);
  closing.push(() => stop(child));
  return child;
}

async function run(): Promise<void> {
  const { env } = process;
  const provider = await startProvider();
  const server = await startServer(here('../../packages/server/dist/main.js'), {
    KEYCLOAK_SERVER_URL: provider.url,
    KEYCLOAK_REALM: env.KEYCLOAK_REALM ?? 'testing',
    KEYCLOAK_CLIENT_ID: env.KEYCLOAK_CLIENT_ID ?? 'fastapi-keycloak',
    KEYCLOAK_CLIENT_SECRET: env.KEYCLOAK_CLIENT_SECRET ?? 'for-development-only',
    ...{ SESSION_SECRET: 'off', HOST: '127.0.0.1', LOG_LEVEL: 'silent', TRUST_PROXY: 'loopback' },
    ...(values.paced ? { LOGINS_PER_MINUTE_AND_ADDRESS: '0', LOGINS_PER_MINUTE_AND_USER: '0' } : {}),
  });
  closing.push(() => server.stop());
  pin('load', String(process.pid));
  const url = `http://127.0.0.1:${server.port}`;
  while ((await fetch(`${url}/health/ready`)).status !== 200) await sleep(50);
  const good = {
    ...{ url, username: env.USERNAME_GOOD ?? 'abdullah', password: env.PASSWORD_GOOD ?? 'Test#123456' },
    ...{ protectedRate: 200, loginRate: 2 },
  };
  log(`${provider.name}: warming up`);
  await beGood({ ...good, seconds: 5 });
  log('quiet');
  const quiet = await beGood({ ...good, seconds });
  log(`flood: ${values.rate} wrong logins a second from ${values.addresses} addresses`);
  const flood = { PORT: String(server.port), RATE: values.rate, ADDRESSES: values.addresses };
  const attacker = startChild('attacker.mjs', flood);
  await once(attacker, 'spawn');
  // The flood is there before the first good request of it counts.
  await sleep(3_000);
  const flooded = await beGood({ ...good, seconds });
  const attack = (await ask(attacker, 'stop')) as Attack;
  const limits = values.paced
    ? 'The same with the limits by address off, so that the queue of password checks alone holds it. '
    : '';
  const text = limits + describe(provider.name, quiet, flooded, attack);
  log(`\n${text}`);
  const flags = ['keycloak', 'paced'].filter((flag) => values[flag as 'keycloak' | 'paced']);
  const command = ['npm run reliability:flood --', ...flags.map((flag) => `--${flag}`), '--write'].join(' ');
  if (values.write) writeSection(values.paced ? 'flood-paced' : 'flood', command, text);
}

interface Attack {
  readonly answers: Readonly<Record<string, number>>;
  readonly sent: number;
  readonly seconds: number;
}

function describe(
  provider: string,
  quiet: Seen,
  flooded: Seen,
  { answers, sent, seconds: took }: Attack,
): string {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const row = (name: string, seen: Seen) =>
    `| ${name} | ${ms(seen.protectedP50)} | ${ms(seen.protectedP99)} | ${seen.protectedFailed} of ${seen.protectedCount} | ${seen.loginsGood} of ${seen.logins} | ${ms(seen.loginP50)} | ${ms(seen.loginMax)} |`;
  const all = Object.entries(answers).map(([what, count]) => `${what}: ${count.toLocaleString('en-US')}`);
  return [
    `On ${provider}; ${Math.round(sent / took)} wrong logins a second from ${values.addresses} addresses${values.paced ? ', limits by address off' : ''}.`,
    '',
    '| | `/protected` p50 | p99 | failed | good logins that succeed | median | longest |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    row('quiet', quiet),
    row('flood', flooded),
    '',
    `\`/protected\` p99 ÷ quiet: **${(flooded.protectedP99 / quiet.protectedP99).toFixed(2)}**. The flood got ${all.join(', ')}.`,
  ].join('\n');
}

try {
  await run();
} finally {
  for (const close of closing.reverse()) await close();
}
process.exit();
