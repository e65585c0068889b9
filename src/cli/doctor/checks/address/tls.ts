import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { type Check, type Finding, fail, ok, warn } from '../../check.ts';

/** A certificate that ends so soon is worth a word. */
const SOON_DAYS = 14;

export const addressTls: Check = {
  id: 'address.tls',
  needs: ['address.port'],
  async run({ reach }) {
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
    return judgeFailure(failure, url);
  },
};

/** Inside one machine or one Docker network plain HTTP is common; over a network it shows passwords to others. */
function judgePlain(hostname: string): Finding {
  const host = hostname.replace(/^\[|\]$/g, '');
  const isNear =
    !host.includes('.') ||
    isPrivate(host) ||
    /(^|\.)(localhost|local|internal|test|svc|svc\.cluster\.local)$/.test(host);
  if (isNear) return ok('plain HTTP, close by');
  return warn(
    `plain HTTP to ${host}`,
    'passwords, tokens and the client secret travel readable by everybody on the way',
    'Use https:// in KEYCLOAK_SERVER_URL.',
  );
}

function isPrivate(host: string): boolean {
  if (isIP(host) === 6) return host === '::1' || /^f[cd]|^fe80/i.test(host);
  return isIP(host) === 4 && /^(127|10)\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^169\.254\./.test(host);
}

function shakeHands(url: URL, timeoutMs: number): Promise<{ failure?: string; daysLeft: number }> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: Number(url.port || 443),
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    const end = (failure?: string) => {
      const until = Date.parse(socket.getPeerCertificate()?.valid_to ?? '');
      const daysLeft = Math.floor((until - Date.now()) / 86_400_000);
      socket.destroy();
      resolve(failure === undefined ? { daysLeft } : { failure, daysLeft });
    };
    socket.setTimeout(timeoutMs, () => end('timed out'));
    socket.once('secureConnect', () => end());
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

function judgeFailure(failure: string, url: URL): Finding {
  const seen = `${url.host}: ${failure}`;
  if (/ALTNAME/.test(failure)) {
    return fail(
      seen,
      `the certificate is not for the host ${url.hostname}`,
      'Use a host in KEYCLOAK_SERVER_URL that is in the certificate, or get a certificate for this host.',
    );
  }
  if (/EXPIRED/.test(failure)) {
    return fail(
      seen,
      'the certificate has expired (or the clock of this machine is wrong)',
      `Renew the certificate of ${url.host}.`,
    );
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(failure)) {
    return fail(
      seen,
      'the certificate is signed by an authority that Node does not know',
      'Give the authority to Node: NODE_EXTRA_CA_CERTS=/path/to/ca.pem npm start',
    );
  }
  if (/SSL|EPROTO|ECONNRESET/.test(failure)) {
    return fail(
      seen,
      `nothing at ${url.host} speaks HTTPS`,
      'Use http:// in KEYCLOAK_SERVER_URL, or the port on which Keycloak speaks HTTPS (8443 by default).',
    );
  }
  return fail(
    seen,
    `the TLS handshake with ${url.host} failed: ${failure}`,
    'Look at the TLS settings of Keycloak or of the proxy in front of it.',
  );
}
