import { client, console_, contains, type Rule, realm, said, says } from './diagnosis-rule.ts';

/** The name in a refusal. */
const namedBy = (pattern: RegExp, text: string | undefined): string => pattern.exec(text ?? '')?.[1] ?? 'it';

/** Keycloak does not exchange a token (RFC 8693). In order: the first that matches is the cause. */
export const EXCHANGE_RULES: readonly Rule[] = [
  {
    id: 'exchange-audience',
    matches: contains(/requested audience not available/i),
    cause: (a) =>
      `${client(a)} gets no token for ${namedBy(/available: (.+)/i, a.description)}: none of its scopes has an audience mapper for that client`,
    fix: (a) => {
      const audience = namedBy(/available: (.+)/i, a.description);
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
    id: 'jwt-grant-off',
    matches: contains(/jwt authorization grant is not supported/i),
    cause: (a) => `${client(a)} may not exchange assertions of other issuers`,
    fix: (a) =>
      console_(a, 'Settings > Capability config > JWT Authorization Grant ON, with the identity provider'),
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
