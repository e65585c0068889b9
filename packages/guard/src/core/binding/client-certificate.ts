import { isIP } from 'node:net';
import type { WithDefault } from '../options/check-options.ts';

/** A proxy that ends the TLS connection, and says in a header which certificate the client had. */
export interface CertificateHeader {
  /** `client-cert`: as RFC 9440 has it. `ssl-client-cert`: nginx's `$ssl_client_escaped_cert`. */
  readonly header: 'client-cert' | 'ssl-client-cert';
  /**
   * The proxies whose header is believed: addresses and networks (`10.0.0.0/8`), or a function of the address of the connection, which
   * is empty for a Unix socket. From all others the header is ignored. These proxies must replace a header that a client
   * sends.
   */
  readonly trustedBy: readonly string[] | ((address: string) => boolean);
}

/** Where the certificates of clients come from: `connection` is that of the TLS connection to this process. */
export type ClientCertificateSource = 'off' | 'connection' | CertificateHeader;

export const CLIENT_CERTIFICATE: WithDefault<ClientCertificateSource> = {
  rule: "must be 'off', 'connection', or a header and who is trusted with it",
  example: "{ header: 'client-cert', trustedBy: ['10.0.0.1'] }",
  accepts: (value) => value === 'off' || value === 'connection' || isCertificateHeader(value),
  default: 'off',
};

function isCertificateHeader(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { header, trustedBy, ...rest } = value as Partial<CertificateHeader>;
  if (Object.keys(rest).length > 0 || (header !== 'client-cert' && header !== 'ssl-client-cert'))
    return false;
  if (typeof trustedBy === 'function') return true;
  return Array.isArray(trustedBy) && trustedBy.length > 0 && trustedBy.every(isNetwork);
}

function isNetwork(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
}
