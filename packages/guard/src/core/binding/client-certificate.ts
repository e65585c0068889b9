import { hash } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { type RequestLike, receivedHeaderOf, type SocketLike } from '../http/request.ts';
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

/** The thumbprint of the certificate of the sender of a request (RFC 8705 §3.1). */
export type CertificateReader = (request: RequestLike) => string | undefined;

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

/** `undefined` where none is looked at. */
export function createCertificateReader(source: ClientCertificateSource): CertificateReader | undefined {
  if (source === 'off') return undefined;
  if (source === 'connection') return ({ socket }) => ofConnection(socket);
  const { header } = source;
  const isTrusted = toTrust(source.trustedBy);
  const read = header === 'client-cert' ? fromClientCert : fromEscapedPem;
  return (request) => {
    const { socket } = request;
    if (socket === undefined || isTrusted(socket.remoteAddress ?? '') !== true) return ofConnection(socket);
    const value = receivedHeaderOf(request, header);
    return value === undefined ? undefined : read(value);
  };
}

const thumbprints = new WeakMap<SocketLike, string>();

/** The handshake proves the key of the certificate, by any issuer (RFC 8705 §6.2). */
function ofConnection(socket: SocketLike | undefined): string | undefined {
  if (socket?.getPeerX509Certificate === undefined) return undefined;
  const known = thumbprints.get(socket);
  if (known !== undefined) return known;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const thumbprint = hash('sha256', certificate.raw, 'base64url');
  thumbprints.set(socket, thumbprint);
  return thumbprint;
}

/** RFC 9440 §2.2: a byte sequence (RFC 8941 §3.3.5). Two headers are joined by a comma, which it never has. */
function fromClientCert(value: string): string | undefined {
  return toThumbprint(/^:([A-Za-z\d+/]+={0,2}):$/.exec(value)?.[1]);
}

/** One certificate and nothing else (RFC 7468 §5). Spaces go first: an expression that skips them takes quadratic time. */
function fromEscapedPem(value: string): string | undefined {
  const pem = decode(value).trim();
  if (!pem.startsWith(BEGIN) || !pem.endsWith(END)) return undefined;
  const base64 = pem.slice(BEGIN.length, -END.length).replace(/\s/g, '');
  return toThumbprint(/^[A-Za-z\d+/]+={0,2}$/.exec(base64)?.[0]);
}

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function toThumbprint(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : hash('sha256', Buffer.from(base64, 'base64'), 'base64url');
}

function toTrust(trustedBy: CertificateHeader['trustedBy']): (address: string) => boolean {
  if (typeof trustedBy === 'function') return trustedBy;
  const list = new BlockList();
  for (const one of trustedBy) {
    const [address = '', bits] = one.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function isNetwork(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
}
