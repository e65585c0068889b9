import { connect } from 'node:net';
import { diagnose } from '../../../keycloak/diagnose.ts';
import { type Check, fail, ok } from '../../check.ts';

export const addressPort: Check = {
  id: 'address.port',
  needs: ['address.dns'],
  async run({ reach }) {
    const url = new URL(reach.caller.serverUrl);
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const failure = await tryPort(host, port, reach.caller.timeoutMs);
    if (failure === undefined) return ok(`${host}:${port} takes connections`);
    const { cause, fix } = diagnose({ status: 0, failure, url: url.origin });
    return fail(`${host}:${port}: ${failure}`, cause, fix);
  },
};

/** `undefined` if the port accepts connections, otherwise the reason why not. */
function tryPort(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, autoSelectFamily: true });
    const end = (failure: string | undefined) => {
      socket.destroy();
      resolve(failure);
    };
    socket.setTimeout(timeoutMs, () => end('timed out'));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error: NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }) =>
      end(error.code ?? error.errors?.[0]?.code ?? error.message),
    );
  });
}
