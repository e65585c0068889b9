import { TOKEN_CALLBACK } from './callers.ts';
import { toAudienceMapper } from './mappers.ts';
import type { OrganizationClaims } from './plan/app-scope.ts';
import { PLAIN_CLIENT, type TargetClient } from './plan/complete-client.ts';

/**
 * The kinds of client with a secret: the guide's service (browser login and `POST /login`), a server-rendered application (browser login
 * alone), or an API that checks tokens and gets none.
 */
export type Shape = 'guide' | 'web' | 'api';

/** The target of a set-up: the guide's six steps, and the settings that the guide forgets. */
export interface SetupGoal {
  readonly realm: string;
  readonly shape?: Shape | undefined;
  readonly clientId: string;
  /** Secret of a client that is created. Default: Keycloak makes one up. */
  readonly clientSecret?: string | undefined;
  /** The file that it is from, where the person did not name that file: somebody else may have written it. */
  readonly secretSource?: string | undefined;
  /** The credential of the client has its own plan, and does not stand in the way here. */
  readonly hasOwnCredential?: boolean | undefined;
  /** Address of the API as a browser sees it, for example `http://localhost:8000`. No trailing slash. */
  readonly appUrl: string;
  /** Nobody said it: a client that has addresses keeps them. Default `false`. */
  readonly isAppUrlGuessed?: boolean | undefined;
  /** Where Keycloak reports logouts to. It replaces another address only where it was named. */
  readonly backchannelLogoutUrl: { readonly url: string; readonly replace: boolean };
  readonly user?: UserGoal | undefined;
  /** Roles of the realm that have to exist; the user gets them. */
  readonly realmRoles: readonly string[];
  /** Roles of the client that have to exist; the user gets them. */
  readonly clientRoles: readonly string[];
  /** Groups as full paths, for example `/staff/dev`; the user becomes a member. */
  readonly groups: readonly string[];
  /** Client scopes that tokens of the application can be asked for. Default none. */
  readonly scopes?: readonly string[] | undefined;
  /** The claims about organizations in tokens. Default none. */
  readonly organizations?: OrganizationClaims | undefined;
  /** Those of them that the user gets. Default: all. */
  readonly grant?: Pick<SetupGoal, 'realmRoles' | 'clientRoles' | 'groups'> | undefined;
  /** Switch on a realm, client or user that is off. */
  readonly enable: boolean;
  /** Leave the client's login flows (standard flow, direct access grants) off where they are off. Default `false`. */
  readonly keepFlows?: boolean | undefined;
}

export const CALLBACK_PATH = '/auth/callback';

export const DOCS_CALLBACK_PATH = '/docs/static/oauth2-redirect.html';

/**
 * Where Keycloak may send browsers back to. For the guide's service on this machine: any path of the app, as in the guide, because
 * only the app answers there. Otherwise exactly the addresses that are used: a pattern would take a code to every page of that host (RFC
 * 9700 §2.1).
 */
export function toRedirectUris({ appUrl, shape }: Pick<SetupGoal, 'appUrl' | 'shape'>) {
  if (shape === 'web') return { login: [appUrl + CALLBACK_PATH], logout: [`${appUrl}/`] };
  if (isLoopback(appUrl)) return { login: [`${appUrl}/*`], logout: [`${appUrl}/*`] };
  return { login: [appUrl + CALLBACK_PATH, appUrl + DOCS_CALLBACK_PATH], logout: [`${appUrl}/`] };
}

function isLoopback(url: string): boolean {
  return /^(localhost|.+\.localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);
}

export interface UserGoal {
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  /** Never temporary. Needed for a new user. */
  readonly password?: string | undefined;
  readonly resetPassword: boolean;
}

export function toClient(goal: SetupGoal): TargetClient {
  const { appUrl, shape = 'guide' } = goal;
  const uris = toRedirectUris(goal);
  const client = {
    ...PLAIN_CLIENT,
    clientId: goal.clientId,
    bearerOnly: false,
    clientAuthenticatorType: 'client-secret',
    ...(goal.clientSecret === undefined ? {} : { secret: goal.clientSecret }),
    standardFlowEnabled: shape !== 'api',
    directAccessGrantsEnabled: shape === 'guide',
    frontchannelLogout: false,
    protocolMappers: [toAudienceMapper(goal.clientId)],
  };
  if (shape === 'api') return client;
  const hasCurl = shape === 'guide' && isLoopback(appUrl);
  return {
    ...client,
    rootUrl: `${appUrl}/`,
    // Keycloak sets it for a created client, but not for an imported one.
    adminUrl: `${appUrl}/`,
    redirectUris: [...uris.login, ...(hasCurl ? [TOKEN_CALLBACK] : [])],
    webOrigins: [new URL(appUrl).origin],
    attributes: {
      'post.logout.redirect.uris': uris.logout.join('##'),
      'backchannel.logout.url': goal.backchannelLogoutUrl.url,
      'backchannel.logout.session.required': 'true',
      'pkce.code.challenge.method': 'S256',
    },
  };
}

/** The user as the product needs it, for Keycloak's UserRepresentation: complete, so that no login asks for anything else. */
export function toUser(user: UserGoal) {
  return {
    username: user.username,
    enabled: true,
    email: user.email,
    emailVerified: true,
    firstName: user.firstName,
    lastName: user.lastName,
    requiredActions: [] as string[],
    ...(user.password === undefined
      ? {}
      : { credentials: [{ type: 'password', value: user.password, temporary: false }] }),
  };
}

/** Client scopes that put `sub`, the name, the email and the roles into a token. */
export const NEEDED_SCOPES = ['basic', 'profile', 'email', 'roles'] as const;

/** A realm that does not exist yet, with Keycloak's defaults. */
export const toNewRealm = ({ realm, organizations }: SetupGoal) => ({
  realm,
  enabled: true,
  ...(organizations ? { organizationsEnabled: true } : {}),
});

interface GroupNode {
  name: string;
  subGroups: GroupNode[];
}

/** Groups as a realm file has them. */
export function toGroupTree(paths: readonly string[]): GroupNode[] {
  const roots: GroupNode[] = [];
  for (const path of paths) {
    let level = roots;
    for (const name of path.split('/').filter(Boolean)) {
      let node = level.find((one) => one.name === name);
      if (!node) {
        node = { name, subGroups: [] };
        level.push(node);
      }
      level = node.subGroups;
    }
  }
  return roots;
}
