import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Realm } from '../realm/realm.ts';
import type { Session } from '../sessions/sessions.ts';
import type { ValidAuthRequest } from './auth-request.ts';
import type { Challenge } from './devices.ts';

/** The grant that an authorization code stands for. */
export interface CodeGrant {
  readonly sessionId: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: string | undefined;
  readonly nonce: string | undefined;
  readonly challenge: Challenge | undefined;
  readonly resource: string | undefined;
  /** Alias of the organization that the person chose. */
  readonly organization: string | undefined;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

export function createCodes(realm: Realm, clock: Clock) {
  const byCode = new Map<string, { grant: CodeGrant; used: boolean }>();

  return {
    issue(request: ValidAuthRequest, session: Session, organization?: string): string {
      const { client, redirectUri, scope, nonce, challenge, resource } = request;
      const now = clock.seconds();
      for (const [code, { grant }] of byCode) if (grant.expiresAt + 3600 < now) byCode.delete(code);
      const code = `${randomUUID()}.${session.id}.${client.id}`;
      const expiresAt = now + (realm.settings.accessCodeLifespan ?? 60);
      const { clientId } = client;
      const about = { sessionId: session.id, clientId, redirectUri, scope, nonce, challenge, resource };
      byCode.set(code, { grant: { ...about, organization, expiresAt }, used: false });
      return code;
    },
    /** Uses up the code. `used` if it was used before. */
    take(code: string) {
      const entry = byCode.get(code);
      if (entry === undefined) return undefined;
      const { used } = entry;
      entry.used = true;
      return { grant: entry.grant, used };
    },
  };
}

/** A login page that is open in one tab. */
export interface PendingLogin {
  readonly browserId: string;
  readonly tabId: string;
  readonly request: ValidAuthRequest;
  /** Valid for one submit, in the browser that has its cookie. */
  sessionCode: string;
  /** Id of the user who is signed in already and has to log in again. */
  readonly reauthenticate: string | undefined;
  /** The name that was typed, where the realm asks for it first. */
  username?: string;
  /** Alias of the organization that the person chose. */
  organization?: string;
  /** Whether the person asked to be remembered, and the realm allows it. */
  rememberMe?: boolean;
  /** The user who gave the right password but still has an action to carry out. */
  userId?: string;
  readonly expiresAt: number;
}

const random = (bytes: number) => randomBytes(bytes).toString('base64url');

export function createLogins(realm: Realm, clock: Clock) {
  const byTab = new Map<string, PendingLogin>();
  /** Those of a browser that are open. */
  const openIn = (browserId: string | undefined): PendingLogin[] => {
    const now = clock.seconds();
    for (const [tabId, { expiresAt }] of byTab) if (expiresAt <= now) byTab.delete(tabId);
    return [...byTab.values()].filter((one) => one.browserId === browserId);
  };

  return {
    /** Opens a login page in the browser with this id, or in a new one. */
    open(known: string | undefined, request: ValidAuthRequest, reauthenticate?: string): PendingLogin {
      const login: PendingLogin = {
        browserId: openIn(known)[0]?.browserId ?? random(24),
        tabId: random(8),
        request,
        sessionCode: random(24),
        reauthenticate,
        expiresAt: clock.seconds() + (realm.settings.accessCodeLifespanLogin ?? 1800),
      };
      byTab.set(login.tabId, login);
      return login;
    },
    find: (browserId: string | undefined, tabId: string) =>
      openIn(browserId).find((one) => one.tabId === tabId),
    renew(login: PendingLogin): void {
      login.sessionCode = random(24);
    },
    close: (login: PendingLogin) => void byTab.delete(login.tabId),
  };
}

/** The parts of a request that consent depends on. */
type ConsentRequest = Pick<ValidAuthRequest, 'client' | 'scope' | 'prompts'>;

/** The scopes that people granted to clients. */
export function createConsents() {
  const granted = new Map<string, Set<string>>();
  const keyOf = (userId: string, { client }: ConsentRequest) => `${userId} ${client.id}`;
  return {
    /** Whether to ask the person: the client requires consent and lacks it for some scope. */
    isMissing(userId: string, request: ConsentRequest): boolean {
      if (!request.client.consentRequired) return false;
      const known = granted.get(keyOf(userId, request));
      return request.prompts.includes('consent') || !scopesOf(request).every((one) => known?.has(one));
    },
    grant(userId: string, request: ConsentRequest): void {
      const key = keyOf(userId, request);
      granted.set(key, new Set([...(granted.get(key) ?? []), ...scopesOf(request)]));
    },
  };
}

const scopesOf = ({ client, scope = '' }: ConsentRequest): string[] => [
  ...client.defaultScopes,
  ...scope.split(' ').filter((one) => one !== '' && one !== 'openid'),
];
