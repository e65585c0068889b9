import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { nearnessOf } from '../../../settings/nearness.ts';
import { check, type Finding, ok, warn } from '../../check.ts';
import { judgeHandshake } from './certificate.ts';

/** Warns if a certificate expires within this many days. */
const SOON_DAYS = 14;

export const addressTls = check('address.tls', ['address.port'], async ({ reach }) => {
  const url = new URL(reach.caller.serverUrl);
  if (url.protocol === 'http:') return judgePlain(url.hostname);
  const { failure, daysLeft } = await shakeHands(url, reach.caller.timeoutMs);
  if (failure === undefined) {
    const seen = `the certificate is trusted, ${daysLeft} days left`;
    if (daysLeft > SOON_DAYS) return ok(seen);
    return warn(
      seen,
      'the certificate ends soon, and then every call fails',
      `Renew the certificate of ${url.host}.`,
    );
  }
  // Only shakes hands with an untrusted server, to see its certificate.
  const { certificate } = await shakeHands(url, reach.caller.timeoutMs, false);
  return judgeHandshake(failure, certificate, url);
});

/** Plain HTTP is common within one machine or Docker network. Over any other network, others can read passwords. */
function judgePlain(hostname: string): Finding {
  if (nearnessOf(hostname) !== 'public') return ok('plain HTTP, close by');
  return warn(
    `plain HTTP to ${hostname}`,
    'passwords, tokens and the client secret travel readable by everybody on the way',
    'Use https:// in KEYCLOAK_SERVER_URL.',
  );
}

interface Handshake {
  readonly failure?: string;
  readonly certificate?: DetailedPeerCertificate;
  readonly daysLeft: number;
}

function shakeHands(url: URL, timeoutMs: number, isStrict = true): Promise<Handshake> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: Number(url.port || 443),
      rejectUnauthorized: isStrict,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const end = (failure?: string) => {
      const certificate = socket.getPeerCertificate(true);
      const daysLeft = Math.floor((Date.parse(certificate?.valid_to ?? '') - Date.now()) / 86_400_000);
      socket.destroy();
      resolve({
        daysLeft,
        ...(failure === undefined ? {} : { failure }),
        ...(certificate?.subject ? { certificate } : {}),
      });
    };
    socket.setTimeout(timeoutMs, () => end('timed out'));
    socket.once('secureConnect', () => end());
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
