import {
  CREDENTIAL_RULES,
  client,
  console_,
  contains,
  EXCHANGE_RULES,
  type Rule,
  realm,
  said,
  says,
} from './diagnosis-requests.ts';
import type { TokenAnswer } from './errors.ts';

const address = (a: TokenAnswer): string => a.url ?? 'the address of Keycloak';
const failed =
  (...codes: string[]) =>
  (a: TokenAnswer): boolean =>
    a.failure !== undefined && codes.includes(a.failure);

/** No whole answer came back. */
const NO_ANSWER: Rule[] = [
  {
    id: 'unreachable-refused',
    kind: 'provider_unavailable',
    matches: failed('ECONNREFUSED'),
    cause: (a) => `nothing listens at ${address(a)}`,
    fix: () =>
      'Start Keycloak, or correct host and port in the option serverUrl. Inside Docker use the name of the Keycloak service, not localhost.',
  },
  {
    id: 'unresolvable-host',
    kind: 'provider_unavailable',
    matches: failed('ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA'),
    cause: (a) => `the host name in ${address(a)} does not resolve`,
    fix: () =>
      'Correct the host in the option serverUrl. In Docker both containers must be in one network; for a Keycloak on the host use host.docker.internal.',
  },
  {
    id: 'timed-out',
    kind: 'provider_unavailable',
    matches: failed('timed out', 'ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'),
    cause: (a) => `${address(a)} did not answer in time`,
    fix: () => 'Look at the load of Keycloak and at firewalls on the way, or raise the option timeoutMs.',
  },
  {
    id: 'tls-untrusted',
    kind: 'provider_unavailable',
    matches: (a) => /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(a.failure ?? ''),
    cause: (a) => `the certificate of ${address(a)} is not trusted (${a.failure})`,
    fix: () =>
      'Give the certificate authority to Node: NODE_EXTRA_CA_CERTS=/path/to/ca.pem (before the start, not in .env). The host in the option serverUrl must be in the certificate.',
  },
  {
    id: 'tls-mismatch',
    kind: 'provider_unavailable',
    matches: (a) => /SSL|EPROTO/.test(a.failure ?? ''),
    cause: (a) => `${address(a)} does not speak HTTPS (${a.failure})`,
    fix: () => 'Use http:// in the option serverUrl, or the port on which Keycloak speaks HTTPS.',
  },
  {
    id: 'connection-broken',
    kind: 'provider_unavailable',
    matches: (a) => a.failure !== undefined,
    cause: (a) => `${address(a)} gave no whole answer (${a.failure})`,
    fix: () =>
      'Look whether Keycloak is starting or stopping, and whether its port wants https:// in the option serverUrl.',
  },
];

/** The server answers, but with a fault. */
const UNWELL: Rule[] = [
  {
    id: 'provider-error',
    kind: 'provider_unavailable',
    matches: (a) =>
      a.status >= 500 ||
      a.status === 429 ||
      a.status === 408 ||
      ['server_error', 'temporarily_unavailable', 'unknown_error'].includes(a.error ?? ''),
    cause: (a) => `${address(a)} answered ${said(a)} (HTTP ${a.status})`,
    fix: () => "Look into Keycloak's log, and into the log of a proxy in front of it.",
  },
];

/** The answer does not come from the realm's token endpoint: the address is wrong. */
const ADDRESS: Rule[] = [
  {
    id: 'wrong-realm',
    matches: contains(/realm does not exist|realm not found/i),
    cause: (a) => `${realm(a)} does not exist`,
    fix: () => 'Correct the option realm. Names of realms are case-sensitive.',
  },
  {
    id: 'realm-disabled',
    matches: contains(/realm (is )?(not enabled|disabled)/i),
    cause: (a) => `${realm(a)} is disabled`,
    fix: () => "In Keycloak's admin console: Realm settings > Enabled ON.",
  },
  {
    id: 'auth-prefix-extra',
    matches: (a, text) => a.status === 404 && /unable to find matching target resource/i.test(text),
    cause: (a) => `Keycloak has nothing at ${address(a)}`,
    fix: () =>
      'Remove the path (such as /auth) from the option serverUrl: Keycloak 17 and later serves at /. Or start Keycloak with --http-relative-path=/auth.',
  },
  {
    id: 'auth-prefix-missing',
    matches: (a) => a.status === 404,
    cause: (a) => `there is no Keycloak at ${address(a)}`,
    fix: () =>
      'Add the path under which Keycloak runs to the option serverUrl (often /auth), and look whether host and port are those of Keycloak.',
  },
  {
    id: 'redirected',
    matches: (a) => a.status >= 300 && a.status < 400,
    cause: (a) => `${address(a)} redirects to ${a.location ?? 'another address'}`,
    fix: () =>
      'Put the final address into the option serverUrl (often https:// instead of http://). Redirects are not followed, because they would carry the password along.',
  },
  {
    id: 'ssl-required',
    matches: contains(/https required/i),
    cause: (a) => `${realm(a)} accepts only HTTPS`,
    fix: () =>
      'Use https:// in the option serverUrl. Behind a proxy that ends TLS start Keycloak with KC_PROXY_HEADERS=xforwarded. For development only: Realm settings > Require SSL = None.',
  },
  {
    id: 'invalid-origin',
    matches: contains(/invalid origin/i),
    cause: () => 'Keycloak refuses the Origin header of the call',
    fix: (a) =>
      `This service sends no Origin: look for a proxy between it and Keycloak that adds one. ${console_(a, 'Settings > Web origins')}`,
  },
];

/** The client was recognised, or not. Keycloak checks it before it looks at the user. */
const CLIENT: Rule[] = [
  ...EXCHANGE_RULES,
  {
    id: 'direct-grants-off',
    matches: contains(/not allowed for direct access grants/i),
    cause: (a) => `${client(a)} may not log users in with a password`,
    fix: (a) => console_(a, 'Settings > Capability config > Direct access grants ON'),
  },
  {
    id: 'grant-not-allowed',
    matches: says('unauthorized_client', /not (allowed|enabled)/i),
    cause: (a) => `${client(a)} may not do this (${said(a)})`,
    fix: (a) => console_(a, 'Settings > Capability config, switch on what the message names'),
  },
  {
    id: 'consent-required',
    matches: contains(/requires user consent/i),
    cause: (a) => `${client(a)} asks users for consent, which a password login cannot do`,
    fix: (a) => console_(a, 'Settings > Login settings > Consent required OFF'),
  },
  {
    id: 'bearer-only',
    matches: contains(/bearer-only/i),
    cause: (a) => `${client(a)} is bearer-only and may not log users in`,
    fix: (a) =>
      console_(a, 'Settings > Capability config > Client authentication ON, Direct access grants ON'),
  },
  ...CREDENTIAL_RULES,
  {
    id: 'dpop-client-no-proof',
    matches: contains(/dpop/i),
    cause: (a) => `${client(a)} requires DPoP proofs`,
    fix: (a) =>
      `Set the option dpop: true where the token is requested. Or: ${console_(a, 'Advanced > Require DPoP bound tokens OFF')}`,
  },
  {
    id: 'invalid-scope',
    matches: (a) => a.error === 'invalid_scope',
    cause: (a) => `${client(a)} may not ask for a scope (${said(a)})`,
    fix: (a) => `${console_(a, 'Client scopes')} Add the scope that the message names.`,
  },
];

/** The client is fine: the answer is about the user. */
const USER: Rule[] = [
  {
    id: 'account-not-ready',
    kind: 'account_not_ready',
    matches: says('invalid_grant', /not fully set ?up/i),
    cause: () =>
      'Keycloak wants something of the user first: a new password, a missing profile field, an OTP device',
    fix: () =>
      "In Keycloak's admin console: Users > the user: fill email, first and last name; Credentials > set a password with Temporary OFF; Details > remove the required user actions. Or let the user sign in once at the account console.",
  },
  {
    id: 'account-disabled',
    kind: 'account_disabled',
    matches: says('invalid_grant', /disabled|locked/i),
    cause: () => 'the user is disabled',
    fix: () => "In Keycloak's admin console: Users > the user > Enabled ON.",
  },
  {
    // RFC 8628 §3.5
    id: 'device-not-signed-in',
    kind: 'invalid_credentials',
    matches: (a) => a.status === 400 && (a.error === 'access_denied' || a.error === 'expired_token'),
    cause: (a) => `nobody signed in on the other device (${said(a)})`,
    fix: () => 'Start again: the person refused, or the code expired.',
  },
  {
    // RFC 6749 §4.1.3, RFC 7636 §4.6. Also what a Keycloak says that does not know the code.
    id: 'code-not-valid',
    kind: 'invalid_credentials',
    matches: says('invalid_grant', /^(code\b|pkce\b|incorrect redirect_uri)/i),
    cause: (a) => `Keycloak did not take the code of a login (${said(a)})`,
    fix: () =>
      'Once in a while: the person came back too late, or the callback was called twice; they sign in again. Always: Keycloak has several nodes that do not share their caches, or was restarted in between; or something in front calls the callback before the browser does (a link preview, a retrying proxy).',
  },
  {
    id: 'wrong-password',
    kind: 'invalid_credentials',
    matches: (a) => a.error === 'invalid_grant' || a.error === 'access_denied',
    cause: (a) => `Keycloak refused the user's credentials (${said(a)})`,
    fix: () =>
      'The user retypes. The same answer comes for an unknown user, a user who needs an OTP code, and a user locked for a while by brute force detection.',
  },
];

/** Nothing above: put it down to the right party by its shape. */
const REST: Rule[] = [
  {
    id: 'refused',
    matches: (a) => a.status >= 400 || a.error !== undefined,
    cause: (a) => `${address(a)} refused the request (${said(a)}, HTTP ${a.status})`,
    fix: (a) =>
      a.isJson
        ? "Look into Keycloak's log (events of type LOGIN_ERROR) for the reason."
        : 'The answer is not from Keycloak: look for a proxy or firewall on the way, and at the option serverUrl.',
  },
  {
    id: 'not-keycloak',
    kind: 'provider_unavailable',
    matches: () => true,
    cause: (a) => `${address(a)} answered HTTP ${a.status} with something that is not a token response`,
    fix: () => 'Look whether the option serverUrl is the address of Keycloak, and at proxies on the way.',
  },
];

/** In order: the first that matches is the cause. The last matches everything. */
export const RULES: readonly Rule[] = [...NO_ANSWER, ...UNWELL, ...ADDRESS, ...CLIENT, ...USER, ...REST];
