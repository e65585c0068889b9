import type { Revocation } from '../core/index.ts';
import { isId } from '../core/internal.ts';
import type { KeycloakEvent } from './event-source.ts';

/** Of users, sessions and tokens: where an event does not say which, Keycloak knows. */
const ENDS: ReadonlySet<string> = new Set([
  ...['LOGOUT', 'USER_SESSION_DELETED', 'REVOKE_GRANT', 'DELETE_ACCOUNT'],
  'USER_DISABLED_BY_PERMANENT_LOCKOUT',
]);

type Effect = (Revocation & { readonly type: 'change' })['effect'];

/** The revocations that an event causes. Without details the worst is assumed, and Keycloak asked. */
export function toRevocations(event: KeycloakEvent, issuer: string): Revocation[] {
  const { what, path, details, userId, sessionId, tokenId } = event;
  const setAt = event.time / 1000;
  // Tokens have times of whole seconds: of those issued in the same one, some are older than the event.
  const issuedUntil = Math.floor(setAt);
  const change = (effect: Effect, subject?: string): Revocation => ({
    ...{ type: 'change', issuer, effect, issuedUntil, setAt },
    ...(subject !== undefined && { subject }),
  });
  const recheck: Revocation = { type: 'recheck', issuer, issuedUntil, setAt };
  const values = Object(details) as Record<string, unknown>;

  if (event.list === 'events') {
    if ((what === 'LOGOUT' || what === 'USER_SESSION_DELETED') && sessionId !== undefined) {
      return [{ type: 'session', issuer, sessionId, endedAt: issuedUntil }];
    }
    if (what === 'REVOKE_GRANT' && tokenId !== undefined) return [{ type: 'token', issuer, tokenId }];
    if (what === 'DELETE_ACCOUNT' && userId !== undefined) {
      return [{ type: 'user', issuer, subject: userId, issuedUntil }];
    }
    return ENDS.has(what) ? [change('confirm', userId)] : [];
  }

  const [operation, resource = ''] = what.split(' ');
  const notBefore = (clientId?: string): Revocation[] =>
    Number.isSafeInteger(values.notBefore)
      ? [
          {
            ...{ type: 'not-before', issuer, notBefore: values.notBefore as number, setAt },
            ...(clientId !== undefined && { clientId }),
          },
        ]
      : [];
  switch (resource) {
    case 'USER_SESSION': {
      const ended = /^sessions\/([^/]+)$/.exec(path)?.[1];
      return ended === undefined
        ? [recheck]
        : [{ type: 'session', issuer, sessionId: ended, endedAt: issuedUntil }];
    }
    case 'USER':
      return ofUser();
    case 'GROUP_MEMBERSHIP':
    case 'REALM_ROLE_MAPPING':
    case 'CLIENT_ROLE_MAPPING':
    case 'ORGANIZATION_MEMBERSHIP':
    case 'ORGANIZATION_GROUP_MEMBERSHIP': {
      const subject = subjectOf(event);
      const isTaken = operation === 'DELETE' && subject !== undefined;
      return [change(isTaken ? 'renew' : 'ask', subject)];
    }
    case 'REALM_ROLE':
    case 'CLIENT_ROLE':
    case 'GROUP':
    case 'ORGANIZATION_GROUP':
      // With a role that becomes part of another one, everybody who has that one has both.
      return operation === 'CREATE' && !path.endsWith('/composites') ? [] : [change('ask')];
    case 'REALM': {
      if (/(^|\/)logout-all$/.test(path)) {
        return [{ type: 'not-before', issuer, notBefore: issuedUntil, setAt }, recheck];
      }
      if (operation !== 'UPDATE') return [];
      if (isImportOver(event)) return [recheck];
      // Nobody knows what happened while events were off.
      const isAboutEvents = ['adminEventsEnabled', 'eventsEnabled', 'enabledEventTypes'].some((name) =>
        Object.hasOwn(values, name),
      );
      const isOff = details === undefined || values.enabled === false;
      return isOff || isAboutEvents ? [recheck, ...notBefore()] : notBefore();
    }
    // With a directory or an organization its users go, or are disabled: no event names them.
    case 'COMPONENT':
    case 'USER_FEDERATION_PROVIDER':
    case 'ORGANIZATION':
      return operation === 'CREATE' ? [] : [recheck];
    case 'CLIENT': {
      if (operation === 'CREATE' || /^clients\/[^/]+\/./.test(path)) return [];
      const { clientId, enabled } = values;
      const isOff = operation === 'DELETE' || details === undefined || enabled === false;
      return [...(isOff ? [recheck] : []), ...(isId(clientId) ? notBefore(clientId) : [])];
    }
    default:
      return [];
  }

  function ofUser(): Revocation[] {
    const subject = subjectOf(event);
    if (operation === 'CREATE') return [];
    if (subject === undefined) return [recheck];
    const rest = path.slice(`users/${subject}`.length);
    if (rest === '/logout' || (rest === '' && operation === 'DELETE')) {
      return [{ type: 'user', issuer, subject, issuedUntil }];
    }
    if (rest === '/reset-password') return [change('renew', subject)];
    if (rest.startsWith('/consents')) return [change('confirm', subject)];
    const isOff = rest === '' && (details === undefined || values.enabled === false);
    return [change(isOff ? 'confirm' : 'ask', subject)];
  }
}

/** The user that an administrator's event is about. */
function subjectOf({ path }: KeycloakEvent): string | undefined {
  return (/^users\/([^/]+)/.exec(path) ?? OF_ORGANIZATION.exec(path))?.[1];
}

const OF_ORGANIZATION = /^organizations\/[^/]+\/(?:groups\/[^/]+\/)?members\/([^/]+)$/;

/**
 * A partial import has put something in the place of what had the same name. The path has the id of the new one; that of the
 * one that is gone is nowhere.
 */
export function isImportOver({ list, what, path }: KeycloakEvent): boolean {
  return list === 'admin-events' && what === 'UPDATE REALM' && IMPORTED.test(path);
}

const IMPORTED = /^(users|clients|roles|groups)\//;

/** The kind of a change of a user. `changed`: of the profile; also that the user was enabled again. */
export type UserChangeKind = 'created' | 'changed' | 'disabled' | 'deleted' | 'rolesChanged';

/** A change of one user, by an event of Keycloak's. */
export interface UserChange {
  /** The same at each delivery: remember it to do a thing once. */
  readonly id: string;
  readonly kind: UserChangeKind;
  /** Id of the user: `sub` of their tokens. */
  readonly subject: string;
  /** A subject is unique only together with it. */
  readonly issuer: string;
  /** By Keycloak's clock. Unit: milliseconds since 1970. */
  readonly at: number;
  /** Whether an administrator did it, or the user. */
  readonly by: 'admin' | 'user';
  /**
   * The data that an administrator sent: of a user the representation, or the part that changed; of roles their list; of a group itself.
   * `undefined` if Keycloak does not keep details, and for what users did. It is a report of the past: ask Keycloak for what is
   * true now.
   */
  readonly details: unknown;
}

const BY_USERS: Readonly<Record<string, UserChangeKind>> = {
  REGISTER: 'created',
  IDENTITY_PROVIDER_FIRST_LOGIN: 'created',
  UPDATE_PROFILE: 'changed',
  UPDATE_EMAIL: 'changed',
  VERIFY_EMAIL: 'changed',
  DELETE_ACCOUNT: 'deleted',
  USER_DISABLED_BY_PERMANENT_LOCKOUT: 'disabled',
};

/** The change of a user in an event; `undefined` if it is about something else. */
export function toUserChange(event: KeycloakEvent, issuer: string): UserChange | undefined {
  const { id, time: at, list, what, details, userId } = event;
  const isUsers = list === 'events';
  const kind = isUsers ? (Object.hasOwn(BY_USERS, what) ? BY_USERS[what] : undefined) : kindByAdmin(event);
  const subject = isUsers ? userId : subjectOf(event);
  if (kind === undefined || subject === undefined) return undefined;
  return { id, kind, subject, issuer, at, by: isUsers ? 'user' : 'admin', details };
}

function kindByAdmin({ what, path, details }: KeycloakEvent): UserChangeKind | undefined {
  if (/ ((ORGANIZATION_)?GROUP_MEMBERSHIP|(REALM|CLIENT)_ROLE_MAPPING|ORGANIZATION_MEMBERSHIP)$/.test(what))
    return 'rolesChanged';
  if (!/^users\/[^/]+$/.test(path)) return undefined;
  // A partial import is a change of the realm.
  if (what === 'CREATE USER' || what.endsWith(' REALM')) return 'created';
  if (what === 'DELETE USER') return 'deleted';
  if (what !== 'UPDATE USER') return undefined;
  return (Object(details) as { enabled?: unknown }).enabled === false ? 'disabled' : 'changed';
}
