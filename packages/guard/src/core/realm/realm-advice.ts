import type { AuthError } from '../http/errors.ts';

/** What to do where nothing answers, or not as a realm does; `undefined` where one can only wait. */
export function adviseOnRealm({ code, seen = '' }: AuthError): string | undefined {
  if (code !== 'provider_misconfigured') return NO_ANSWER.find(([error]) => error.test(seen))?.[1];
  if (seen === 'HTTP 404') {
    return 'Check the name of the realm, in its exact case, and the path of the server URL: with or without /auth';
  }
  if (seen === 'HTTP 401' || seen === 'HTTP 403') {
    return 'Keycloak asks nobody for credentials here: look at what stands between, and at "Require SSL" of the realm';
  }
  return 'Check the server URL: something else than the realm answers there';
}

/** By the codes of errors of Node.js and OpenSSL. */
const NO_ANSWER: readonly (readonly [error: RegExp, advice: string])[] = [
  [
    /^ECONNREFUSED$/,
    'Nothing listens there: check host and port of the server URL. In a container, localhost is the container itself',
  ],
  [/^ENOTFOUND$/, 'No host has that name: check the server URL'],
  [/WRONG_VERSION|PACKET_LENGTH/, 'That port speaks no TLS: the server URL needs http, or another port'],
  [
    /CERT|VERIFY_LEAF/,
    'The certificate is not trusted: NODE_EXTRA_CA_CERTS=<file> names the authority that issued it',
  ],
];
