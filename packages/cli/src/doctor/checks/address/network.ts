import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { diagnose } from '../../../keycloak/diagnose.ts';
import { judgeServer } from '../../../keycloak/judge-server.ts';
import { check, fail, ok, warn } from '../../check.ts';

export const addressDns = check('address.dns', ['settings.valid'], async ({ reach }) => {
  const host = new URL(reach.caller.serverUrl).hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return ok(`${host} is an address`);
  try {
    const found = await lookup(host, { all: true });
    return ok(`${host} is ${found.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    const failure = (error as NodeJS.ErrnoException).code ?? 'ENOTFOUND';
    const { cause, fix } = diagnose({ status: 0, failure, url: reach.caller.serverUrl });
    return fail(`${host}: ${failure}`, cause, fix);
  }
});

export const addressPort = check('address.port', ['address.dns'], async ({ reach }) => {
  const url = new URL(reach.caller.serverUrl);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const failure = await tryPort(host, port, reach.caller.timeoutMs);
  if (failure === undefined) return ok(`${host}:${port} takes connections`);
  const { cause, fix } = diagnose({ status: 0, failure, url: url.origin });
  return fail(`${host}:${port}: ${failure}`, cause, fix);
});

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

export const addressProxy = check('address.proxy', ['settings.valid'], ({ reach }) => {
  const url = new URL(reach.caller.serverUrl);
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = process.env[name] ?? process.env[name.toLowerCase()];
  if (!proxy || isExempt(url.hostname)) return ok('no proxy on the way');
  if (process.env.NODE_USE_ENV_PROXY === '1') return ok(`${name} is used (NODE_USE_ENV_PROXY=1)`);
  return warn(
    `${name} is set`,
    `Node calls Keycloak directly and takes no notice of ${name}`,
    `If Keycloak can only be reached through the proxy: NODE_USE_ENV_PROXY=1 (Node 24 and later). If not: add ${url.hostname} to NO_PROXY.`,
  );
});

function isExempt(host: string): boolean {
  if (host === 'localhost' || host === '127.0.0.1' || host === '[::1]') return true;
  const list = (process.env.NO_PROXY ?? process.env.no_proxy ?? '').split(',').map((one) => one.trim());
  return list.some(
    (one) => one === '*' || (one !== '' && (host === one || host.endsWith(`.${one.replace(/^\*?\./, '')}`))),
  );
}

export const addressKeycloak = check('address.keycloak', ['address.port', 'address.tls'], async ({ reach }) =>
  judgeServer(await reach.realm.server(), reach.caller),
);
