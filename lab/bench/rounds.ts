import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender } from './contenders.ts';
import { type Load, type LoadResult, runLoad } from './load/generator.ts';
import { type NodeProcess, startServer } from './processes.ts';
import { type Realm, startRealm } from './realm/realm.ts';
import { CLIENT_ID, createKey, mint, now, REALM } from './realm/tokens.ts';
import { MANY, type Workload } from './workloads.ts';

export interface Round extends LoadResult {
  readonly contender: string;
  readonly workload: Workload['id'];
  /** Processor time of the server for one request. Unit: microseconds. */
  readonly cpuMicroseconds: number;
}

export interface RoundsOptions {
  readonly contenders: readonly Contender[];
  readonly workloads: readonly Workload[];
  readonly rounds: number;
  readonly connections: number;
  readonly isQuick: boolean;
  readonly log: (text: string) => void;
}

/** Of a second of one core: more than any contender verifies, so that a round never runs out of tokens. */
const UNSEEN_PER_SECOND = 20_000;

/** Every contender in turn, again and again, so that what else the machine does hits all of them alike. */
export async function runRounds(options: RoundsOptions): Promise<Round[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keycloak-guard-bench-'));
  const realm = await startRealm();
  const servers = new Map<string, NodeProcess>();
  try {
    for (const contender of options.contenders) servers.set(contender.id, await start(contender, realm));
    await assertWorking(options.contenders, servers, realm);
    const rounds: Round[] = [];
    for (const workload of options.workloads) {
      const contenders = options.contenders.filter(workload.takesPart);
      for (let round = 0; round <= options.rounds; round++) {
        options.log(`${workload.label}: ${round === 0 ? 'warm-up' : `round ${round} of ${options.rounds}`}`);
        const load = await PREPARE[workload.id](folder, realm, workload);
        for (let i = 0; i < contenders.length; i++) {
          const contender = contenders[(i + round) % contenders.length] as Contender;
          const server = servers.get(contender.id) as NodeProcess;
          const url = `http://127.0.0.1:${server.port}/protected`;
          const { connections } = options;
          // While the others had their turn, it stood still, and what it knows has grown old: no server in use does so.
          if (round > 0 && load.whenUsedUp === 'wrap') {
            const wakeUp = () => runLoad({ ...load, url, seconds: 1, connections });
            await (contender.remembers ? untilCurrent(realm, options, wakeUp) : wakeUp());
          }
          const before = await server.usage();
          const seconds = round === 0 || options.isQuick ? 1 : workload.seconds;
          const result = await runLoad({ ...load, url, seconds, connections });
          const used = (await server.usage()).cpuMicroseconds - before.cpuMicroseconds;
          if (round === 0) continue;
          assertAnswers(contender, workload, result);
          if (load.whenUsedUp === 'stop' && result.requests >= load.count) {
            throw new Error(`${contender.id}, ${workload.label}: the tokens did not last`);
          }
          rounds.push({
            ...result,
            contender: contender.id,
            workload: workload.id,
            cpuMicroseconds: used / result.requests,
          });
        }
      }
    }
    return rounds;
  } finally {
    await Promise.all([...servers.values()].map((server) => server.stop()));
    await realm.close();
    await rm(folder, { recursive: true });
  }
}

/** Goes on until the realm is hardly asked any more: what grew old has been checked again. */
async function untilCurrent(
  realm: Realm,
  { log }: RoundsOptions,
  load: () => Promise<unknown>,
): Promise<void> {
  const asked = async () => {
    const { userinfo, introspection } = await realm.calls();
    return userinfo + introspection;
  };
  for (let i = 0; i < 5; i++) {
    const before = await asked();
    await load();
    if ((await asked()) - before < MANY / 100) return;
  }
  log('the realm is still asked about old tokens: the next round holds these calls');
}

/** It took so long the last time, which is the warm-up at first. */
let secondsToMint = 0;

type Prepared = Omit<Load, 'url' | 'seconds' | 'connections'>;

const PREPARE: Record<
  Workload['id'],
  (folder: string, realm: Realm, workload: Workload) => Promise<Prepared>
> = {
  one: (folder, realm) => inTurn(folder, realm, 1),
  many: (folder, realm) => inTurn(folder, realm, MANY),
  async unseen(folder, realm, { seconds }) {
    const count = UNSEEN_PER_SECOND * seconds;
    const began = now();
    // As if each was issued when it is first used: about what is older, or seems to come from the future, Keycloak is asked first.
    const minted = await mint(realm.key, realm.issuer, count, began + secondsToMint);
    secondsToMint = now() - began;
    const tokens = await write(folder, 'unseen', minted);
    return { tokens, first: 1, count, whenUsedUp: 'stop' };
  },
  async forged(folder, realm) {
    const forged = await mint(await createKey(realm.key.kid), realm.issuer, MANY);
    return { tokens: await write(folder, 'forged', forged), first: 1, count: MANY, whenUsedUp: 'wrap' };
  },
};

const known = new Map<Realm, string[]>();

async function knownTokens(realm: Realm, count: number): Promise<string[]> {
  let tokens = known.get(realm);
  if (tokens === undefined) {
    tokens = await mint(realm.key, realm.issuer, MANY);
    known.set(realm, tokens);
  }
  return tokens.slice(0, count);
}

async function inTurn(folder: string, realm: Realm, count: number): Promise<Prepared> {
  const tokens = await write(folder, `known-${count}`, await knownTokens(realm, count));
  return { tokens, first: 1, count, whenUsedUp: 'wrap' };
}

async function write(folder: string, name: string, tokens: readonly string[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `${tokens.join('\n')}\n`);
  return file;
}

function start(contender: Contender, realm: Realm): Promise<NodeProcess> {
  return startServer(contender.file, {
    ...{ SERVER_URL: realm.serverUrl, REALM, CLIENT_ID },
    KEYCLOAK_SERVER_URL: realm.serverUrl,
    KEYCLOAK_REALM: REALM,
    KEYCLOAK_CLIENT_ID: CLIENT_ID,
    KEYCLOAK_CLIENT_SECRET: 'only-for-the-benchmark',
    ...contender.env,
  });
}

/** A contender that lets forged tokens pass, or refuses good ones, is not measured. */
async function assertWorking(
  contenders: readonly Contender[],
  servers: ReadonlyMap<string, NodeProcess>,
  realm: Realm,
): Promise<void> {
  const [good] = await mint(realm.key, realm.issuer, 1);
  const [forged] = await mint(await createKey(realm.key.kid), realm.issuer, 1);
  for (const contender of contenders) {
    const url = `http://127.0.0.1:${servers.get(contender.id)?.port}/protected`;
    const get = (token: string) => fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const answer = await get(good as string);
    const text = await answer.text();
    if (answer.status !== 200 || !text.includes('"full_name":"Abdullah Alqahtani"')) {
      throw new Error(`${contender.id} answers a good token with ${answer.status} ${text}`);
    }
    if (contender.isOpen || contender.asksAlways) continue;
    const refusal = await get(forged as string);
    if (refusal.status < 400)
      throw new Error(`${contender.id} answers a forged token with ${refusal.status}`);
  }
}

function assertAnswers(contender: Contender, workload: Workload, result: LoadResult): void {
  const wrong = workload.id === 'forged' ? result.requests - result.refused : result.refused;
  // Some contenders do not keep up with a burst of new tokens: that is a result.
  if (wrong > 0 || (result.failed > 0 && contender.remembers)) {
    throw new Error(`${contender.id}, ${workload.label}: ${wrong} wrong answers, ${result.failed} failed`);
  }
}
