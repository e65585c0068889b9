import { isIP } from 'node:net';
import { isThisMachine } from '@keycloak-guard/server/config';

/** Who can call a host by this name. */
export type Nearness = 'this-machine' | 'this-network' | 'public';

/** Judges by the name only: `localhost`; a private network (`keycloak`, `10.0.0.5`, `keycloak.svc`); or a public name. */
export function nearnessOf(hostname: string): Nearness {
  if (isThisMachine(hostname)) return 'this-machine';
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(host) === 6) return /^f[cd]|^fe[89ab]/.test(host) ? 'this-network' : 'public';
  if (isIP(host) === 4)
    return /^10\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^169\.254\./.test(host) ? 'this-network' : 'public';
  const isInner = !host.includes('.') || /\.(local|internal|test|svc|svc\.cluster\.local)$/.test(host);
  return isInner ? 'this-network' : 'public';
}
