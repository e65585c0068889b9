import { type Check, ok, warn } from '../../check.ts';

export const addressProxy: Check = {
  id: 'address.proxy',
  needs: ['settings.valid'],
  run({ reach }) {
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
  },
};

function isExempt(host: string): boolean {
  if (host === 'localhost' || host === '127.0.0.1' || host === '[::1]') return true;
  const list = (process.env.NO_PROXY ?? process.env.no_proxy ?? '').split(',').map((one) => one.trim());
  return list.some(
    (one) => one === '*' || (one !== '' && (host === one || host.endsWith(`.${one.replace(/^\*?\./, '')}`))),
  );
}
