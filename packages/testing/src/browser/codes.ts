import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Realm } from '../realm/realm.ts';
import type { Session } from '../session.ts';
import type { ValidAuthRequest } from './auth-request.ts';
import type { Challenge } from './pkce.ts';

/** What an authorization code stands for. */
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

export type Codes = ReturnType<typeof createCodes>;

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
