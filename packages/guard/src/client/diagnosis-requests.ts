import type { ClientErrorKind, TokenAnswer } from './errors.ts';

/** A cause of a failed call, and how its answer looks. */
export interface Rule {
  readonly id: string;
  /** Default `client_misconfigured`: most causes are in the set-up. */
  readonly kind?: ClientErrorKind;
  readonly matches: (answer: TokenAnswer, text: string) => boolean;
  readonly cause: (answer: TokenAnswer) => string;
  readonly fix: (answer: TokenAnswer) => string;
}

export const realm = (a: TokenAnswer): string =>
  a.realm === undefined ? 'the realm' : `the realm '${a.realm}'`;
export const client = (a: TokenAnswer): string =>
  a.clientId === undefined ? 'the client' : `the client '${a.clientId}'`;
export const said = (a: TokenAnswer): string =>
  a.error === undefined ? `HTTP ${a.status}` : a.description ? `${a.error}: ${a.description}` : a.error;
export const console_ = (a: TokenAnswer, where: string): string =>
  `In Keycloak's admin console: Clients > ${a.clientId ?? 'the client'} > ${where}.`;

export const says =
  (error: string, description: RegExp) =>
  (a: TokenAnswer): boolean =>
    a.error === error && description.test(a.description ?? '');
export const contains =
  (pattern: RegExp) =>
  (_: TokenAnswer, text: string): boolean =>
    pattern.test(text);

const by =
  (...kinds: TokenAnswer['credential'][]) =>
  ({ credential = 'secret' }: TokenAnswer): boolean =>
    kinds.includes(credential);

/** The proof of a client that does not send its secret. */
const NAMES = {
  none: 'nothing but its name',
  secret: 'its secret',
  'secret-jwt': 'an assertion that its secret signs',
  key: 'an assertion that its key signs',
  token: 'the token of a file',
  certificate: 'a certificate',
} as const;
const nameOf = ({ credential = 'secret' }: TokenAnswer): string => NAMES[credential];

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
      `${console_(a, 'Credentials > Client secret')} Copy it to the option clientSecret, without quotes or a line break, and restart the application.`,
  },
  {
    id: 'credential-refused',
    matches: (a) => a.error === 'unauthorized_client',
    cause: (a) => `Keycloak expects something else of ${client(a)} than ${nameOf(a)} (${said(a)})`,
    fix: (a) =>
      `Look which authenticator the client has. ${console_(a, 'Credentials > Client Authenticator')}${by('token')(a) ? ' If the token stands for another client, correct the option clientId.' : ''}`,
  },
  {
    id: 'secret-with-jwt-client',
    matches: contains(/client_assertion/i),
    cause: (a) => `${client(a)} must sign in with a signed JWT, but this service sends ${nameOf(a)}`,
    fix: () => `${SET_HERE}.`,
  },
  {
    id: 'assertion-audience',
    // An assertion about a user is `invalid_grant`.
    matches: says('invalid_client', /invalid token audience|multiple audiences/i),
    cause: (a) => `${nameOf(a)} is for another audience than ${realm(a)} (${said(a)})`,
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
    cause: (a) => `${nameOf(a)} is not valid at this time (${said(a)})`,
    fix: (a) =>
      by('token')(a)
        ? 'Look whether the file is still written: its token has expired, or is not valid yet. If it is new, set the clocks of this machine, of Keycloak and of its issuer (NTP).'
        : 'Set the clocks of this machine and of Keycloak (NTP): they may differ by 10 seconds.',
  },
  {
    id: 'assertion-key',
    matches: contains(/public key|signature/i),
    cause: (a) => `Keycloak cannot check ${nameOf(a)} (${said(a)})`,
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

/** The name in a refusal. */
const firstGroup = (pattern: RegExp, text: string | undefined): string =>
  pattern.exec(text ?? '')?.[1] ?? 'it';

/** Keycloak does not exchange a token (RFC 8693). In order: the first that matches is the cause. */
export const EXCHANGE_RULES: readonly Rule[] = [
  {
    id: 'exchange-audience',
    matches: contains(/requested audience not available/i),
    cause: (a) =>
      `${client(a)} gets no token for ${firstGroup(/available: (.+)/i, a.description)}: none of its scopes has an audience mapper for that client`,
    fix: (a) => {
      const audience = firstGroup(/available: (.+)/i, a.description);
      return `Make a client scope 'to-${audience}' with an Audience mapper for ${audience} (Client scopes > Create > Mappers), give it to the client as an optional one, and ask for it: scope: 'to-${audience}'. ${console_(a, 'Client scopes')}`;
    },
  },
  {
    id: 'exchange-audience-unknown',
    matches: contains(/audience not found/i),
    cause: (a) => `an audience is not a client of ${realm(a)} (${said(a)})`,
    fix: () => "Correct 'audience': it is the client id of the service that is called, in its exact case.",
  },
  {
    id: 'exchange-not-within',
    matches: contains(/not within the token audience/i),
    cause: (a) => `${client(a)} is not in the audience of its caller's token, so it cannot exchange it`,
    fix: (a) =>
      `Give the client that calls here an audience mapper for ${a.clientId ?? 'this client'}, and set the option audience to it, so that no other token is accepted.`,
  },
  {
    id: 'exchange-off',
    matches: contains(/token exchange is not enabled|client not allowed to exchange/i),
    cause: (a) => `${client(a)} may not exchange tokens`,
    fix: (a) => console_(a, 'Settings > Capability config > Standard token exchange ON'),
  },
  {
    id: 'exchange-public',
    matches: contains(/public client is not allowed to exchange/i),
    cause: (a) => `${client(a)} is public, and only a confidential client may exchange tokens`,
    fix: (a) =>
      `${console_(a, 'Settings > Capability config > Client authentication ON')} Then set a credential here.`,
  },
  {
    id: 'exchange-unsupported',
    matches: (a) => a.error === 'unsupported_grant_type',
    cause: (a) => `this Keycloak does not know the grant (${said(a)})`,
    fix: () => 'Standard token exchange needs Keycloak 26.2 or later.',
  },
  {
    id: 'exchange-bound',
    matches: contains(/sender-constrained token exchange rejected/i),
    cause: (a) => `the caller's token is bound to a key, and ${client(a)} cannot exchange it`,
    fix: () =>
      'Let this service be called with plain bearer tokens where it calls on in the name of its callers.',
  },
  {
    id: 'exchange-subject',
    kind: 'invalid_credentials',
    matches: says('invalid_request', /^invalid token$/i),
    cause: (a) => `the token to exchange is invalid or expired (${said(a)})`,
    fix: () => 'The caller gets a new token: the session behind this one has ended.',
  },
];
