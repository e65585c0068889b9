/** What a set-up has to hold: the guide's six steps, and what the guide forgets. */
export interface SetupGoal {
  readonly realm: string;
  readonly clientId: string;
  /** Secret of a client that is created. Default: Keycloak makes one up. */
  readonly clientSecret?: string | undefined;
  /** The credential of the client is planned by itself, and whatever it has now may stay until then. */
  readonly hasOwnCredential?: boolean | undefined;
  /** Address of the API as a browser sees it, for example `http://localhost:8000`. No trailing slash. */
  readonly appUrl: string;
  /** Where Keycloak reports logouts to. It replaces another address only where it was named. */
  readonly backchannelLogoutUrl: { readonly url: string; readonly replace: boolean };
  readonly user?: UserGoal | undefined;
  /** Roles of the realm that have to exist; the user gets them. */
  readonly realmRoles: readonly string[];
  /** Roles of the client that have to exist; the user gets them. */
  readonly clientRoles: readonly string[];
  /** Groups as full paths, for example `/staff/dev`; the user becomes a member. */
  readonly groups: readonly string[];
  /** Switch on a realm, client or user that somebody switched off. */
  readonly enable: boolean;
  /** Leave the client's login flows (standard flow, direct access grants) off where they are off. Default `false`. */
  readonly keepFlows?: boolean | undefined;
}

/** Where the service takes people back from Keycloak's login page. */
export const CALLBACK_PATH = '/auth/callback';

/** Where its page `/docs` does. */
const DOCS_CALLBACK_PATH = '/docs/static/oauth2-redirect.html';

/** Where `keycloak-guard token` does, on this machine and on any port (RFC 8252 §7.3). */
const TOKEN_CALLBACK = 'http://127.0.0.1/callback';

/**
 * Where Keycloak may send browsers back to. On this machine any path of the app, as in the guide: nobody else answers
 * there. Anywhere else exactly the addresses that are used: a pattern would take a code to every page of that host (RFC 9700
 * §2.1).
 */
export function toRedirectUris(appUrl: string): { login: string[]; logout: string[] } {
  if (isLoopback(appUrl)) return { login: [`${appUrl}/*`], logout: [`${appUrl}/*`] };
  return { login: [appUrl + CALLBACK_PATH, appUrl + DOCS_CALLBACK_PATH], logout: [`${appUrl}/`] };
}

function isLoopback(url: string): boolean {
  return /^(localhost|.+\.localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);
}

/** The user to log in with. */
export interface UserGoal {
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  /** Never temporary. Needed for a new user. */
  readonly password?: string | undefined;
  /** Replace the password of a user who has one. */
  readonly resetPassword: boolean;
  /** Values for what the realm's user profile asks for beyond the usual. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The client as the product needs it, for Keycloak's ClientRepresentation. */
export function toClient(goal: SetupGoal) {
  const uris = toRedirectUris(goal.appUrl);
  return {
    clientId: goal.clientId,
    protocol: 'openid-connect',
    enabled: true,
    publicClient: false,
    bearerOnly: false,
    clientAuthenticatorType: 'client-secret',
    ...(goal.clientSecret === undefined ? {} : { secret: goal.clientSecret }),
    standardFlowEnabled: true,
    directAccessGrantsEnabled: true,
    implicitFlowEnabled: false,
    serviceAccountsEnabled: false,
    frontchannelLogout: false,
    rootUrl: `${goal.appUrl}/`,
    // Keycloak sets it by itself for a client that is created, but not for one that is imported.
    adminUrl: `${goal.appUrl}/`,
    redirectUris: [...uris.login, ...(isLoopback(goal.appUrl) ? [TOKEN_CALLBACK] : [])],
    webOrigins: [new URL(goal.appUrl).origin],
    attributes: {
      'post.logout.redirect.uris': uris.logout.join('##'),
      'backchannel.logout.url': goal.backchannelLogoutUrl.url,
      'backchannel.logout.session.required': 'true',
      'pkce.code.challenge.method': 'S256',
    } as Record<string, string>,
    protocolMappers: [toAudienceMapper(goal.clientId)],
  };
}

/** Puts a client into the audience of access tokens. */
export function toAudienceMapper(clientId: string) {
  return {
    name: `audience ${clientId}`,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    consentRequired: false,
    config: {
      'included.client.audience': clientId,
      'id.token.claim': 'false',
      'access.token.claim': 'true',
      'introspection.token.claim': 'true',
    } as Record<string, string>,
  };
}

/**
 * The client scope that puts groups into tokens. It is a scope, and no mapper of the API's client: a page or a service gets tokens
 * by its own client, and the API reads the groups in those.
 */
export const GROUPS_SCOPE = 'groups';

/** What the client scope has: a person's groups as full paths. */
export function toGroupsMapper() {
  return {
    name: 'groups',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-group-membership-mapper',
    consentRequired: false,
    config: {
      'claim.name': 'groups',
      'full.path': 'true',
      'id.token.claim': 'true',
      'access.token.claim': 'true',
      'userinfo.token.claim': 'true',
      'introspection.token.claim': 'true',
    } as Record<string, string>,
  };
}

/**
 * The user as the product needs it, for Keycloak's UserRepresentation: complete, so that no login asks for anything else.
 */
export function toUser(user: UserGoal) {
  return {
    username: user.username,
    enabled: true,
    email: user.email,
    emailVerified: true,
    firstName: user.firstName,
    lastName: user.lastName,
    requiredActions: [] as string[],
    ...(Object.keys(user.attributes).length > 0
      ? {
          attributes: Object.fromEntries(
            Object.entries(user.attributes).map(([name, value]) => [name, [value]]),
          ),
        }
      : {}),
    ...(user.password === undefined
      ? {}
      : { credentials: [{ type: 'password', value: user.password, temporary: false }] }),
  };
}

/** Client scopes that put `sub`, the name, the email and the roles into a token. */
export const NEEDED_SCOPES = ['basic', 'profile', 'email', 'roles'] as const;
