import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Realm } from '../realm/realm.ts';
import type { ValidAuthRequest } from './auth-request.ts';

/** A login page that is open in one tab. */
export interface PendingLogin {
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

export type Logins = ReturnType<typeof createLogins>;

const random = (bytes: number) => randomBytes(bytes).toString('base64url');

export function createLogins(realm: Realm, clock: Clock) {
  const browsers = new Map<string, Map<string, PendingLogin>>();

  const sweep = () => {
    const now = clock.seconds();
    for (const [id, tabs] of browsers) {
      for (const [tabId, { expiresAt }] of tabs) if (expiresAt <= now) tabs.delete(tabId);
      if (tabs.size === 0) browsers.delete(id);
    }
  };

  return {
    /** Opens a login page in the browser with this id, or in a new one. */
    open(known: string | undefined, request: ValidAuthRequest, reauthenticate?: string) {
      sweep();
      const browserId = known !== undefined && browsers.has(known) ? known : random(24);
      const login: PendingLogin = {
        tabId: random(8),
        request,
        sessionCode: random(24),
        reauthenticate,
        expiresAt: clock.seconds() + (realm.settings.accessCodeLifespanLogin ?? 1800),
      };
      const tabs = browsers.get(browserId) ?? new Map<string, PendingLogin>();
      browsers.set(browserId, tabs.set(login.tabId, login));
      return { browserId, login };
    },
    find(browserId: string | undefined, tabId: string) {
      sweep();
      return browserId === undefined ? undefined : browsers.get(browserId)?.get(tabId);
    },
    renew(login: PendingLogin): void {
      login.sessionCode = random(24);
    },
    close(browserId: string, login: PendingLogin): void {
      browsers.get(browserId)?.delete(login.tabId);
    },
  };
}
