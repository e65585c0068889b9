import { hash } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { type RequestLike, receivedHeaderOf, type SocketLike } from '../http/request.ts';
import type { CertificateHeader, ClientCertificateSource } from './client-certificate.ts';

/** The thumbprint of the certificate of the sender of a request (RFC 8705 §3.1). */
export type CertificateReader = (request: RequestLike) => string | undefined;

export function createCertificateReader(source: Exclude<ClientCertificateSource, 'off'>): CertificateReader {
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
