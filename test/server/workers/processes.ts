import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { TestContext } from 'node:test';
import { type Program, runProgram } from '../../cli/support/program.ts';
import { eventually } from '../../support/eventually.ts';
import { PASSWORD, settingsFor, startIdp } from '../service.ts';

/** `ps` fails where there are none. */
function ps(parent: number): string {
  try {
    return execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/** Processes that the program started. */
export const childrenOf = (pid: number): number[] =>
  ps(pid)
    .split('\n')
    // Not the compiler that tsx starts.
    .filter((line) => line.includes(' serve'))
    .map((line) => Number.parseInt(line, 10));

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Which process answered: the part of the request id that is its own. */
  readonly process: string;
}

/** A connection that stays with the worker it came to. */
export interface Connection {
  send(path: string, options?: { form?: Record<string, string>; headers?: object }): Promise<Answer>;
  close(): void;
}

export interface Workers {
  readonly program: Program;
  readonly url: string;
  connect(): Connection;
  /** A connection to each of the workers, which are as many as `count`. */
  connectToEach(count: number): Promise<Connection[]>;
}

/** The service with several workers, as real processes. */
export async function startWorkers(
  t: TestContext,
  count: number,
  settings: Record<string, string> = {},
): Promise<Workers> {
  const idp = await startIdp(t);
  const program = runProgram(
    ['serve'],
    settingsFor(idp.url, {
      // What is refused is refused because another worker said so.
      TOKEN_CHECK: 'local',
      HOST: '127.0.0.1',
      WORKERS: String(count),
      ...settings,
    }),
  );
  t.after(() => program.stop());
  const [, url = ''] = await program.says(/open (http:\/\/127\.0\.0\.1:\d+)\/docs/);
  const connections = new Set<Connection>();
  t.after(() => {
    for (const connection of connections) connection.close();
  });

  function connect(): Connection {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const connection: Connection = {
      send: (path, { form, headers } = {}) =>
        new Promise((resolve, reject) => {
          const body = form && new URLSearchParams(form).toString();
          const type = body && { 'content-type': 'application/x-www-form-urlencoded' };
          const method = body === undefined ? 'GET' : 'POST';
          const sent = request(`${url}${path}`, { method, agent, headers: { ...type, ...headers } });
          sent.on('error', reject).on('response', (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (chunk) => {
              text += chunk;
            });
            response.on('error', reject).on('end', () => {
              const [process = ''] = String(response.headers['x-request-id']).split('-');
              resolve({
                ...{ status: response.statusCode ?? 0, headers: response.headers },
                ...{ body: text, process },
              });
            });
          });
          sent.end(body);
        }),
      close: () => agent.destroy(),
    };
    connections.add(connection);
    return connection;
  }

  await eventually(
    'all workers are ready',
    async () => {
      const probe = connect();
      const { status } = await probe.send('/health/ready');
      probe.close();
      return status === 200;
    },
    60_000,
  );
  return {
    ...{ program, url, connect },
    async connectToEach(count) {
      const byProcess = new Map<string, Connection>();
      await eventually(
        `connections to ${count} workers`,
        async () => {
          const connection = connect();
          // Answers that are refusals have the id of the request, and with it that of the process.
          const { process } = await connection.send('/nowhere');
          if (byProcess.has(process)) connection.close();
          else byProcess.set(process, connection);
          return byProcess.size === count;
        },
        60_000,
      );
      return [...byProcess.values()];
    },
  };
}

export async function login(
  connection: Connection,
): Promise<{ access_token: string; refresh_token: string }> {
  const answer = await connection.send('/login', { form: { username: 'abdullah', password: PASSWORD } });
  assert.equal(answer.status, 200, answer.body);
  return JSON.parse(answer.body);
}

export const callProtected = (connection: Connection, token: string): Promise<Answer> =>
  connection.send('/protected', { headers: { authorization: `Bearer ${token}` } });
