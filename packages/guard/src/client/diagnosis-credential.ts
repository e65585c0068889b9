import { client, console_, contains, type Rule, realm, said, says } from './diagnosis-rule.ts';
import type { TokenAnswer } from './token-answer.ts';

const by =
  (...kinds: TokenAnswer['credential'][]) =>
  ({ credential = 'secret' }: TokenAnswer): boolean =>
    kinds.includes(credential);

/** What a client shows that does not send its secret. */
const SHOWN = {
  none: 'nothing but its name',
  secret: 'its secret',
  'secret-jwt': 'an assertion that its secret signs',
  key: 'an assertion that its key signs',
  token: 'the token of a file',
  certificate: 'a certificate',
} as const;
const shown = ({ credential = 'secret' }: TokenAnswer): string => SHOWN[credential];

/** The settings for each authenticator of Keycloak; never weaker than the client demands. */
const SET_HERE =
  'Set here what it asks for: a key (the option credential.keyFile), a token file (the option credential.tokenFile), a certificate, or a secret';

/** The client does not prove who it is. In order: the first that matches is the cause. */
export const CREDENTIAL_RULES: readonly Rule[] = [
  {
    id: 'wrong-secret',
    matches: (a) => a.error === 'unauthorized_client' && by('secret', 'secret-jwt')(a),
    cause: (a) => `the secret of ${client(a)} is wrong (${said(a)})`,
    fix: (a) =>
      `${console_(a, 'Credentials > Client secret')} Copy it to the option clientSecret, without quotes or a line break.`,
  },
  {
    id: 'credential-refused',
    matches: (a) => a.error === 'unauthorized_client',
    cause: (a) => `Keycloak expects something else of ${client(a)} than ${shown(a)} (${said(a)})`,
    fix: (a) =>
      `Look which authenticator the client has. ${console_(a, 'Credentials > Client Authenticator')}${by('token')(a) ? ' If the token stands for another client, correct the option clientId.' : ''}`,
  },
  {
    id: 'secret-with-jwt-client',
    matches: contains(/client_assertion/i),
    cause: (a) => `${client(a)} must sign in with a signed JWT, but this service sends ${shown(a)}`,
    fix: () => `${SET_HERE}.`,
  },
  {
    id: 'assertion-audience',
    // An assertion about a user is `invalid_grant`.
    matches: says('invalid_client', /invalid token audience|multiple audiences/i),
    cause: (a) => `${shown(a)} is for another audience than ${realm(a)} (${said(a)})`,
    fix: () =>
      "The audience is the issuer of the realm, as its discovery document names it. In Kubernetes: serviceAccountToken with that 'audience'.",
  },
  {
    id: 'assertion-time',
    // An expired refresh token is called the same, as `invalid_grant`: that is its owner's to know.
    matches: says(
      'invalid_client',
      /token is not active|issued (in the future|too far in the past)|exp claim is required/i,
    ),
    cause: (a) => `${shown(a)} is not valid at this time (${said(a)})`,
    fix: (a) =>
      by('token')(a)
        ? 'Look whether the file is still written: its token has expired, or is not valid yet. If it is new, set the clocks of this machine, of Keycloak and of its issuer (NTP).'
        : 'Set the clocks of this machine and of Keycloak (NTP): they may differ by 10 seconds.',
  },
  {
    id: 'assertion-key',
    matches: contains(/public key|signature/i),
    cause: (a) => `Keycloak cannot check ${shown(a)} (${said(a)})`,
    fix: (a) =>
      by('token')(a)
        ? 'Look at the keys of the identity provider that the client names: Identity providers > the provider > JWKS URL.'
        : `Give Keycloak the public key, or the address where this service publishes it, and let the signature algorithm be the one of the key. ${console_(a, 'Keys')}`,
  },
  {
    id: 'token-of-nobody',
    matches: (a) => a.error === 'invalid_client' && by('token')(a),
    cause: (a) => `no client of ${realm(a)} takes the token of the file (${said(a)})`,
    fix: (a) =>
      `The client needs the authenticator Signed JWT - Federated, with the alias of the identity provider whose issuer is the token's iss, and the token's sub as its subject. ${console_(a, 'Credentials')} If it stands for another client, correct the option clientId.`,
  },
  {
    id: 'wrong-client-id',
    matches: says('invalid_client', /^$|invalid client/i),
    cause: (a) => `${client(a)} is unknown in ${realm(a)}, or disabled`,
    fix: (a) =>
      `Correct the option clientId: the column Client ID (not the UUID), in its exact case, in ${realm(a)}. If it is there: ${console_(a, 'Enabled ON')} If its authenticator is Signed JWT - Federated, set a token file here (the option credential.tokenFile).`,
  },
  {
    id: 'client-authentication',
    matches: (a) => a.error === 'invalid_client',
    cause: (a) => `Keycloak does not accept how ${client(a)} authenticates (${said(a)})`,
    fix: (a) => `${SET_HERE}. ${console_(a, 'Credentials > Client Authenticator')}`,
  },
];
