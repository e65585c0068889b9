/** Who chose the address that something is sent to. */
export type Chooser =
  /** Options of the library, or the environment and `.env` of an application. */
  | 'settings'
  /** A flag, or an answer to a question that shows the address; for passwords never a file in the folder alone. */
  | 'person'
  /** The realm of the embedded provider, which a developer writes. */
  | 'realm file'
  /** The application that calls the library. */
  | 'application'
  /** What another program answered. Nothing that is secret may be sent there. */
  | 'answer';

/** One place in the sources that sends something, as `find-outgoing.ts` names it. */
export interface Row {
  readonly file: string;
  readonly calls: string;
  /** How often that is in the file. Default 1. */
  readonly times?: number;
  /** What is secret in it; `nothing` if all of it may be known. */
  readonly carries: string;
  readonly address: Chooser | readonly Chooser[];
  /**
   * Why no redirect is followed, where the call does not say so itself: oauth4webapi sets `redirect: 'manual'`, and others pass
   * on what they are given. `wrapped`: it ends in another row.
   */
  readonly redirects?: 'oauth4webapi' | 'passed on' | 'wrapped' | 'none in this protocol';
}

/**
 * Everything that the packages send to other programs. Who adds a call adds a row: what is secret in it, and who chose where it
 * goes.
 */
export const OUTGOING: readonly Row[] = [
  // The library.
  {
    file: 'guard/src/core/realm/fetch-json.ts',
    calls: 'fetch',
    carries: 'what its callers give it',
    address: 'settings',
  },
  {
    file: 'guard/src/core/realm/fetch-json.ts',
    calls: 'fetchBounded',
    carries: 'nothing',
    address: 'settings',
  },
  { file: 'guard/src/core/realm/issuer.ts', calls: 'fetchJson', carries: 'nothing', address: 'settings' },
  { file: 'guard/src/core/realm/key-loader.ts', calls: 'fetchJson', carries: 'nothing', address: 'settings' },
  {
    file: 'guard/src/core/realm/observed-call.ts',
    calls: 'fetch',
    carries: 'all that the library sends',
    address: 'settings',
    redirects: 'passed on',
  },
  {
    file: 'guard/src/core/token/remote-question.ts',
    calls: 'fetchBounded',
    times: 2,
    carries: "the client's secret, the access token of a person",
    address: 'settings',
    redirects: 'wrapped',
  },
  {
    file: 'guard/src/authz/keycloak/context.ts',
    calls: 'fetchBounded',
    carries: "the client's secret, tokens of a person and of the client",
    address: 'settings',
    redirects: 'wrapped',
  },
  {
    file: 'guard/src/events/event-source.ts',
    calls: 'fetchBounded',
    carries: "the client's own access token",
    address: 'settings',
    redirects: 'wrapped',
  },
  {
    file: 'guard/src/client/authorization-code.ts',
    calls: 'oauth4webapi.authorizationCodeGrantRequest',
    carries: "the client's secret, a code",
    address: 'settings',
    redirects: 'oauth4webapi',
  },
  {
    file: 'guard/src/client/call-api.ts',
    calls: 'oauth4webapi.protectedResourceRequest',
    carries: 'an access token',
    address: ['application', 'settings'],
    redirects: 'oauth4webapi',
  },
  {
    file: 'guard/src/client/call-api.ts',
    calls: 'fetch',
    carries: 'an access token',
    address: ['application', 'settings'],
    redirects: 'passed on',
  },
  {
    file: 'guard/src/client/grants.ts',
    calls: 'oauth4webapi.deviceAuthorizationRequest',
    carries: "the client's secret",
    address: 'settings',
    redirects: 'oauth4webapi',
  },
  {
    file: 'guard/src/client/grants.ts',
    calls: 'oauth4webapi.deviceCodeGrantRequest',
    carries: "the client's secret, a device code",
    address: 'settings',
    redirects: 'oauth4webapi',
  },
  {
    file: 'guard/src/client/grants.ts',
    calls: 'oauth4webapi.genericTokenEndpointRequest',
    carries: "the client's secret, passwords, refresh tokens",
    address: 'settings',
    redirects: 'oauth4webapi',
  },
  {
    file: 'guard/src/outgoing/carrying-fetch.ts',
    calls: 'fetch',
    carries: 'an access token for that service',
    address: 'application',
  },
  {
    file: 'guard/src/client/logout.ts',
    calls: 'oauth4webapi.pushedAuthorizationRequest',
    carries: "the client's secret, a refresh token",
    address: 'settings',
    redirects: 'oauth4webapi',
  },
  {
    file: 'guard/src/client/logout.ts',
    calls: 'oauth4webapi.revocationRequest',
    carries: "the client's secret, a token",
    address: 'settings',
    redirects: 'oauth4webapi',
  },
  // Its default is `manual`; nobody passes another.
  {
    file: 'guard/src/client/recording-fetch.ts',
    calls: 'fetch',
    times: 2,
    carries: 'all that the client sends',
    address: ['settings', 'application'],
    redirects: 'passed on',
  },
  {
    // Of no realm: it checks options, and is never called.
    file: 'guard/src/adapters/engine/parts/sessions.ts',
    calls: 'createClient',
    carries: 'nothing',
    address: 'settings',
    redirects: 'wrapped',
  },
  {
    file: 'connect/src/express/grant.ts',
    calls: 'fetch',
    carries: 'the access token of a person',
    address: 'settings',
    redirects: 'wrapped',
  },
  {
    file: 'connect/src/express/engine.ts',
    calls: 'fetch',
    times: 2,
    carries: 'what its callers give it',
    address: 'settings',
    redirects: 'passed on',
  },
  {
    file: 'guard/src/redis/connection.ts',
    calls: 'createClient',
    times: 2,
    carries: "Redis's password",
    address: 'settings',
    redirects: 'none in this protocol',
  },

  // The service.
  {
    file: 'server/src/app.ts',
    calls: 'createClient',
    carries: "the client's secret",
    address: 'settings',
    redirects: 'wrapped',
  },
  ...['fetch', 'new http.Agent', 'new https.Agent'].map(
    (calls): Row => ({
      ...{ file: 'server/src/http/keycloak-fetch.ts', calls, carries: 'all that the library sends' },
      ...{ address: 'settings', redirects: 'passed on' },
    }),
  ),
  { file: 'server/src/services/breaker.ts', calls: 'fetch', carries: 'nothing', address: 'settings' },

  // The embedded provider.
  {
    file: 'testing/src/controls/remote-control.ts',
    calls: 'fetch',
    carries: 'the control token of the provider, and what a test makes up',
    address: 'application',
  },
  {
    file: 'testing/src/provider/end-session.ts',
    calls: 'fetch',
    carries: 'a logout token',
    address: 'realm file',
  },
  {
    file: 'testing/src/client-auth/client-keys.ts',
    calls: 'fetch',
    carries: 'nothing',
    address: ['realm file', 'answer'],
  },
  {
    file: 'testing/src/registration/metadata-documents.ts',
    calls: 'fetch',
    carries: 'nothing',
    address: 'answer',
  },
  // A person's sign-in in a test: where the application leads, as in a browser. Node's request follows no redirect.
  ...['http.request', 'https.request'].map((calls) => ({
    file: 'testing/src/sign-in.ts',
    calls,
    carries: 'the user name and password of a test, and cookies',
    address: 'application' as const,
    redirects: 'none in this protocol' as const,
  })),
  {
    file: 'testing/src/sign-in.ts',
    calls: 'fetch',
    times: 4,
    carries: 'the user name and password of a test, and cookies',
    address: 'application',
    redirects: 'wrapped',
  },

  // The command line. Where a password goes is decided in access/: by settings, a flag, or a question.
  {
    file: 'cli/src/admin/connection.ts',
    calls: 'new AdminClient',
    times: 2,
    carries: "the admin's password, the admin's token",
    address: ['settings', 'person'],
    redirects: 'passed on',
  },
  {
    file: 'cli/src/admin/connection.ts',
    calls: 'fetch',
    carries: 'the same: it bounds the answers that AdminClient reads',
    address: ['settings', 'person'],
    redirects: 'passed on',
  },
  {
    file: 'cli/src/admin/connection.ts',
    calls: 'fetchWithError',
    carries: "the admin's token",
    address: ['settings', 'person'],
  },
  {
    file: 'cli/src/admin/mcp/current.ts',
    calls: 'fetch',
    carries: 'nothing',
    address: ['settings', 'person'],
  },
  ...['commands/authz.ts', 'setup/api/set-up.ts', 'setup/visit.ts', 'doctor/evidence/admin.ts'].map(
    (file): Row => ({
      file: `cli/src/${file}`,
      calls: 'connectAdmin',
      carries: "the admin's password",
      address: ['settings', 'person'],
      redirects: 'wrapped',
    }),
  ),
  // The issuer of a server's metadata only where it is the configured one, or a person said yes to it.
  {
    file: 'cli/src/doctor/evidence/mcp.ts',
    calls: 'connectAdmin',
    carries: "the admin's password",
    address: ['settings', 'person'],
    redirects: 'wrapped',
  },
  {
    file: 'connect/src/migrate/main.ts',
    calls: 'connectAdmin',
    carries: "the admin's password",
    address: 'person',
    redirects: 'wrapped',
  },
  {
    file: 'cli/src/commands/token.ts',
    calls: 'createClient',
    times: 3,
    carries: "the client's secret, the person's password",
    address: 'settings',
    redirects: 'wrapped',
  },
  { file: 'cli/src/commands/token.ts', calls: 'call', carries: 'nothing', address: 'settings' },
  {
    file: 'cli/src/doctor/checks/address.ts',
    calls: 'net.connect',
    carries: 'nothing',
    address: 'settings',
  },
  {
    file: 'cli/src/doctor/checks/address.ts',
    calls: 'tls.connect',
    carries: 'nothing',
    address: 'settings',
  },
  {
    file: 'cli/src/doctor/checks/client/settings.ts',
    calls: 'call',
    carries: 'nothing',
    address: 'answer',
  },
  {
    file: 'cli/src/doctor/checks/client/identity.ts',
    calls: 'createRealmCalls',
    carries: "the client's secret",
    address: 'settings',
    redirects: 'wrapped',
  },
  {
    file: 'cli/src/doctor/checks/service.ts',
    calls: 'call',
    times: 3,
    carries: 'nothing',
    address: 'person',
    redirects: 'wrapped',
  },
  {
    file: 'cli/src/doctor/context.ts',
    calls: 'createRealmCalls',
    carries: "the client's secret, the test user's password",
    address: 'settings',
    redirects: 'wrapped',
  },
  {
    file: 'cli/src/doctor/evidence/mcp.ts',
    calls: 'call',
    carries: 'nothing',
    address: ['person', 'answer'],
  },
  { file: 'cli/src/doctor/evidence/mcp.ts', calls: 'fetch', carries: 'nothing', address: 'person' },
  { file: 'cli/src/doctor/evidence/realm.ts', calls: 'call', carries: 'nothing', address: 'settings' },
  {
    file: 'cli/src/doctor/evidence/route.ts',
    calls: 'call',
    times: 2,
    carries: 'an access token: of the person who runs it, for the route that this person named',
    address: 'person',
    redirects: 'wrapped',
  },
  {
    file: 'cli/src/doctor/evidence/client.ts',
    calls: 'createRealmCalls',
    carries: 'nothing: the client has no secret',
    address: 'settings',
    redirects: 'wrapped',
  },
  { file: 'cli/src/access/access.ts', calls: 'call', carries: 'nothing', address: ['settings', 'person'] },
  {
    file: 'cli/src/keycloak/call.ts',
    calls: 'fetch',
    carries: 'what its callers give it',
    address: ['settings', 'person'],
  },
  {
    file: 'cli/src/keycloak/server.ts',
    calls: 'call',
    times: 4,
    carries: 'nothing',
    address: ['settings', 'person', 'answer'],
  },
  // `get` is called with an issuer of discovery too: for its keys and metadata, without a header.
  {
    file: 'cli/src/keycloak/realm-calls.ts',
    calls: 'call',
    times: 3,
    carries: "the client's credential, passwords and tokens of the test user",
    address: 'settings',
    redirects: 'wrapped',
  },
  {
    file: 'cli/src/setup/api/set-up.ts',
    calls: 'createRealmCalls',
    times: 5,
    carries:
      "the client's secret, the password of the user that setup made, a token of the service that it made",
    address: ['settings', 'person'],
    redirects: 'wrapped',
  },
];
