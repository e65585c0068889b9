import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls, type DetailedPeerCertificate } from 'node:tls';
import { diagnose } from '../../keycloak/finding.ts';
import { judgeServer } from '../../keycloak/server.ts';
import { networkZoneOf } from '../../settings/address.ts';
import { toShellWord } from '../../terminal/output.ts';
import { check, type Finding, fail, ok, warn } from '../check.ts';

const addressDns = check('address.dns', ['settings.valid'], async ({ reach }) => {
  const host = new URL(reach.caller.serverUrl).hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return ok(`${host} is an address`);
  try {
    const addresses = await lookup(host, { all: true });
    return ok(`${host} is ${addresses.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    const failure = (error as NodeJS.ErrnoException).code ?? 'ENOTFOUND';
    const { cause, fix } = diagnose({ status: 0, failure, url: reach.caller.serverUrl });
    return fail(`${host}: ${failure}`, cause, fix);
  }
});

const addressPort = check('address.port', ['address.dns'], async ({ reach }) => {
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
    const socket = connectTcp({ host, port, autoSelectFamily: true });
    const end = (failure: string | undefined) => {
      socket.destroy();
      resolve(failure);
    };
    socket.setTimeout(timeoutMs, () => end('timed out'));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

const addressProxy = check('address.proxy', ['settings.valid'], ({ reach }) => {
  const url = new URL(reach.caller.serverUrl);
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = process.env[name] ?? process.env[name.toLowerCase()];
  if (!proxy || isExempt(url.hostname)) return ok('no proxy on the way');
  if (reach.config.usesEnvProxy) return ok(`${name} is used`);
  return warn(
    `${name} is set`,
    `Node calls Keycloak directly and ignores ${name}`,
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

const addressKeycloak = check('address.keycloak', ['address.port', 'address.tls'], async ({ reach }) =>
  judgeServer(await reach.realm.server(), reach.caller),
);

/** Why nobody can speak TLS there, by the code of Node and the certificate that the server showed. */
export function judgeHandshake(
  failure: string,
  certificate: DetailedPeerCertificate | undefined,
  url: URL,
): Finding {
  const owner = certificate === undefined ? '' : ` (the certificate of ${nameOf(certificate.subject)})`;
  const say = (cause: string, fix: string) => fail(`${url.host}: ${failure}${owner}`, cause, fix);
  // First of all: an alert speaks of our side, and may name a certificate.
  if (
    /ALERT|HANDSHAKE_FAILURE|UNSUPPORTED_PROTOCOL|VERSION/.test(failure) &&
    !/WRONG_VERSION_NUMBER/.test(failure)
  ) {
    const wantsOurs = /CERTIFICATE_REQUIRED|BAD_CERTIFICATE|HANDSHAKE_FAILURE/.test(failure);
    return say(
      wantsOurs
        ? `${url.host} speaks HTTPS, but ends the handshake: it wants a certificate of the client, which this service does not have, or allows no cipher or TLS version that Node has`
        : `${url.host} speaks HTTPS, but no TLS version or cipher that Node allows`,
      'Let the port that this service uses ask for no client certificate (KC_HTTPS_CLIENT_AUTH=none or request), and allow TLS 1.2 or 1.3.',
    );
  }
  if (/ALTNAME/.test(failure)) {
    const names =
      certificate?.subjectaltname?.replace(/DNS:|IP Address:/g, '') ?? nameOf(certificate?.subject);
    return say(
      `the certificate is not for the host ${url.hostname}, but for ${names}`,
      'Use a host in KEYCLOAK_SERVER_URL that is in the certificate, or get a certificate for this host.',
    );
  }
  if (/EXPIRED/.test(failure)) {
    const when = certificate === undefined ? '' : ` on ${toDate(certificate.valid_to)}`;
    return say(
      `the certificate has expired${when} (or the clock of this machine is wrong: it says ${toDate(new Date())})`,
      `Renew the certificate of ${url.host}.`,
    );
  }
  if (/NOT_YET_VALID/.test(failure)) {
    const when = certificate === undefined ? '' : `: it begins on ${toDate(certificate.valid_from)}`;
    return say(
      `the certificate is not valid yet${when} (or the clock of this machine is wrong: it says ${toDate(new Date())})`,
      'Set the clock of this machine (NTP), or wait.',
    );
  }
  if (/REVOKED/.test(failure))
    return say('the certificate was revoked', `Renew the certificate of ${url.host}.`);
  if (isSelfSigned(failure, certificate))
    return say(
      `the certificate is self-signed (by '${nameOf(certificate?.subject)}'), and no authority has signed it`,
      `If it is your own, trust it: save it (openssl s_client -connect ${toShellWord(hostAndPort(url))} -showcerts </dev/null | openssl x509 > keycloak.pem), compare its fingerprint${certificate ? ` (SHA-256 ${certificate.fingerprint256})` : ''} with the one on Keycloak's machine, and start with NODE_EXTRA_CA_CERTS=/path/to/keycloak.pem (not in .env). Or get a certificate of an authority. Not NODE_TLS_REJECT_UNAUTHORIZED=0: then anybody in between can answer as Keycloak.`,
    );
  if (/UNABLE_TO_VERIFY_LEAF|UNABLE_TO_GET_ISSUER_CERT/.test(failure) && isAlone(certificate)) {
    const issuer = nameOf(certificate?.issuer);
    return say(
      `the certificate is signed by an authority that Node does not know ('${issuer}'), and Keycloak sends no certificate of that authority along: an intermediate certificate is missing, or the authority is one of your own`,
      `Let Keycloak or the proxy send the whole chain (KC_HTTPS_CERTIFICATE_FILE, ssl_certificate: first its own, then the intermediate ones). If '${issuer}' is an authority of your own, give it to Node: NODE_EXTRA_CA_CERTS=/path/to/ca.pem npm start (not in .env)`,
    );
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(failure))
    return say(
      `the certificate is signed by an authority that Node does not know: '${nameOf(rootOf(certificate)?.subject ?? certificate?.issuer)}'`,
      'Give the authority to Node: NODE_EXTRA_CA_CERTS=/path/to/ca.pem npm start (not in .env)',
    );
  if (/SSL|EPROTO|ECONNRESET/.test(failure))
    return say(
      `nothing at ${url.host} speaks HTTPS`,
      'Use http:// in KEYCLOAK_SERVER_URL, or the port on which Keycloak speaks HTTPS (8443 by default).',
    );
  return say(
    `the TLS handshake with ${url.host} failed: ${failure}`,
    'Look at the TLS settings of Keycloak or of the proxy in front of it.',
  );
}

const hostAndPort = (url: URL): string => `${url.hostname}:${url.port || 443}`;

/** Node reports a private authority with the same code; then the certificate itself was signed by another one. */
function isSelfSigned(failure: string, certificate: DetailedPeerCertificate | undefined): boolean {
  if (certificate === undefined) return /DEPTH_ZERO_SELF_SIGNED/.test(failure);
  return /SELF_SIGNED|UNABLE_TO/.test(failure) && nameOf(certificate.subject) === nameOf(certificate.issuer);
}

function isAlone(certificate: DetailedPeerCertificate | undefined): boolean {
  const next = certificate?.issuerCertificate;
  return next === undefined || next.fingerprint256 === certificate?.fingerprint256;
}

function rootOf(certificate: DetailedPeerCertificate | undefined): DetailedPeerCertificate | undefined {
  let [one, depth] = [certificate, 0];
  // A root certificate is its own issuer.
  while (one?.issuerCertificate && one.issuerCertificate !== one && depth++ < 10) one = one.issuerCertificate;
  return one;
}

/** A certificate's name on one line. A stranger wrote it. */
function nameOf(name: DetailedPeerCertificate['subject'] | undefined): string {
  const text = Object.entries(name ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
  return text.replace(/[^\x20-\x7e\u00a0-\u024f]/g, '?').slice(0, 120) || 'nobody';
}

function toDate(time: string | Date): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? 'an unreadable date' : date.toISOString().slice(0, 10);
}

const SOON_DAYS = 14;

const addressTls = check('address.tls', ['address.port'], async ({ reach }) => {
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
  if (networkZoneOf(hostname) !== 'public') return ok('plain HTTP, on this machine or network');
  return warn(
    `plain HTTP to ${hostname}`,
    'passwords, tokens and the client secret are sent unencrypted',
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
    const socket = connectTls({
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

export const ADDRESS_CHECKS = [addressDns, addressPort, addressTls, addressProxy, addressKeycloak];
