import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Application } from './application-process.ts';
import type { LabRealm } from './realm.ts';

/** The token of a user who was disabled, and how long a process still accepted it. Unit: milliseconds. */
export interface Probe {
  readonly token: string;
  readonly ms: number;
}

const LANES = 4;
const LONGEST_MS = 180_000;

/** Signs a user in and disables them, again and again. Keycloak may be away. */
export function startProbes(
  realm: LabRealm,
  applications: readonly Application[],
): { stop(): Promise<Probe[]> } {
  const probes: Probe[] = [];
  let isOver = false;

  async function probe(): Promise<void> {
    const username = `probe-${randomUUID()}`;
    const id = await realm.createUser(username);
    const token = realm.mint(await realm.login(username));
    if (!(await isAccepted(token, applications))) return;
    await realm.call('PUT', `/users/${id}`, { enabled: false });
    const begin = performance.now();
    const elapsed = () => performance.now() - begin;
    while ((await isAccepted(token, applications)) && elapsed() < LONGEST_MS) await sleep(25);
    probes.push({ token, ms: elapsed() });
  }

  async function goOn(): Promise<void> {
    while (!isOver) await probe().catch(() => sleep(200));
  }
  const going = Array.from({ length: LANES }, goOn);

  return {
    async stop() {
      isOver = true;
      await Promise.all(going);
      return probes;
    },
  };
}

/** How many of the tokens, which were refused everywhere, are accepted again. */
export async function countLetIn(
  probes: readonly Probe[],
  applications: readonly Application[],
): Promise<number> {
  const accepted = await Promise.all(probes.map(({ token }) => isAccepted(token, applications)));
  return accepted.filter(Boolean).length;
}

async function isAccepted(token: string, applications: readonly Application[]): Promise<boolean> {
  return (await Promise.all(applications.map((one) => one.accepts(token)))).includes(true);
}
