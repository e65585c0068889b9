import type { DevIdpOptions } from './dev-idp.ts';
import { FEATURES } from './features.ts';

/** @throws {TypeError} for wrong options @throws {Error} in production */
export function assertOptions(options: DevIdpOptions): void {
  const { realm, realmFile, allowProduction, features = [], host = '127.0.0.1' } = options;
  const misspelt = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (misspelt !== undefined) {
    throw new TypeError(
      `startDevIdp: "${misspelt}" is not an option. It takes ${Object.keys(NAMES).join(', ')}`,
    );
  }
  const unknown = features.find((name) => !FEATURES.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`startDevIdp: "features" knows ${FEATURES.join(' and ')}, not ${String(unknown)}`);
  }
  if (realm !== undefined && realmFile !== undefined) {
    throw new TypeError('startDevIdp: give "realm" or "realmFile", not both');
  }
  if (process.env.NODE_ENV === 'production' && allowProduction !== true) {
    throw new Error(
      'startDevIdp: refused, NODE_ENV is production. Everybody knows the passwords of its realm. ' +
        'If this is a test all the same, set "allowProduction: true"',
    );
  }
  if (!['127.0.0.1', '::1', 'localhost'].includes(host)) {
    throw new TypeError(
      'startDevIdp: "host" must be 127.0.0.1, ::1 or localhost; it is for development only',
    );
  }
}

const NAMES: Record<keyof DevIdpOptions, true> = {
  ...{ realmFile: true, realm: true, realmTemplate: true, port: true, host: true, publicUrl: true },
  ...{ stateFile: true, keys: true, anyHost: true, mcpServers: true, features: true, listUsers: true },
  allowProduction: true,
};
