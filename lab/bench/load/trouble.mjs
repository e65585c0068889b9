// Sends one tenant's trouble from a process of its own, so that who measures the others does not wait for it. Steady, until it is
// killed. Arguments: port, kind, a good token of the tenant t0, and requests a second.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [port, kind, token = '', rate] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 200 });
const MOST_WAITING = 100;
const [head, body] = token.split('.');
let waiting = 0;

/** @type {Record<string, (at: number) => { tenant: string, token: string }>} */
const kinds = {
  // The same load without the trouble.
  good: () => ({ tenant: 't0', token }),
  // Their Keycloak takes connections and answers nothing.
  hung: (at) => ({ tenant: `hung-t${at % 20}`, token }),
  forged: (at) => ({
    tenant: 't0',
    token: `${head}.${body}.${Buffer.from(`forged ${at}`.padEnd(256, '.')).toString('base64url')}`,
  }),
  'made-up': (at) => ({ tenant: `made-up-${at}`, token }),
};
const next = kinds[kind];

const begin = performance.now();
for (let at = 0; ; at++) {
  if (waiting < MOST_WAITING) send(next(at));
  await sleep(Math.max(1, begin + (at * 1_000) / Number(rate) - performance.now()));
}

function send({ tenant, token }) {
  waiting++;
  const headers = { 'x-tenant': tenant, authorization: `Bearer ${token}` };
  const end = () => void waiting--;
  request({ host: '127.0.0.1', port, agent, headers }, (response) => response.resume().once('end', end))
    .once('error', end)
    .end();
}
