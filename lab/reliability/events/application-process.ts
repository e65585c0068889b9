import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer } from './application.ts';

const PROGRAM = fileURLToPath(new URL('application.ts', import.meta.url));

/** A process of the application, which may be killed and started again. */
export interface Application {
  start(): Promise<void>;
  kill(): Promise<void>;
  accepts(token: string): Promise<boolean>;
}

/** @param args what {@link PROGRAM} reads: address, realm, table, cursor */
export function createApplication(args: readonly string[]): Application {
  let child: ChildProcess | undefined;
  let lastId = 0;
  let isKilled = false;

  /** While it is killed, nobody is let in and nothing is read. */
  async function ask(question: object): Promise<Partial<Answer>> {
    const asked = child;
    if (isKilled) return {};
    if (asked?.connected !== true) throw new Error('the application has ended by itself');
    const id = ++lastId;
    return new Promise((resolve) => {
      const stop = (answer: Partial<Answer>) => {
        asked.off('message', hear).off('exit', give);
        resolve(answer);
      };
      const hear = (answer: Answer) => answer.id === id && stop(answer);
      const give = () => stop({});
      asked.on('message', hear).once('exit', give);
      asked.send({ id, ...question }, (error) => error && give());
    });
  }

  return {
    async start() {
      child = fork(PROGRAM, args, {
        execArgv: ['--conditions=@keycloak-guard/source', ...process.execArgv],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      child.setMaxListeners(0);
      isKilled = false;
      await once(child, 'message');
    },
    async kill() {
      isKilled = true;
      child?.kill('SIGKILL');
      if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
    accepts: async (token) => (await ask({ token })).isAccepted ?? false,
  };
}
