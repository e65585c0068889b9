import type { HeardEvent } from './heard-event.ts';
import { subjectOf } from './to-revocations.ts';

/** What happened to a user. `changed`: their profile; also that they were enabled again. */
export type UserChangeKind = 'created' | 'changed' | 'disabled' | 'deleted' | 'rolesChanged';

/** A change of one user, as Keycloak tells it. */
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
   * What an administrator sent: of a user the representation, or the part that changed; of roles their list; of a group itself.
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

/** What an event says about a user; `undefined` if it is about something else. */
export function toUserChange(event: HeardEvent, issuer: string): UserChange | undefined {
  const { id, time: at, list, what, details, userId } = event;
  const isUsers = list === 'events';
  const kind = isUsers ? (Object.hasOwn(BY_USERS, what) ? BY_USERS[what] : undefined) : kindByAdmin(event);
  const subject = isUsers ? userId : subjectOf(event);
  if (kind === undefined || subject === undefined) return undefined;
  return { id, kind, subject, issuer, at, by: isUsers ? 'user' : 'admin', details };
}

function kindByAdmin({ what, path, details }: HeardEvent): UserChangeKind | undefined {
  if (/ ((ORGANIZATION_)?GROUP_MEMBERSHIP|(REALM|CLIENT)_ROLE_MAPPING|ORGANIZATION_MEMBERSHIP)$/.test(what))
    return 'rolesChanged';
  if (!/^users\/[^/]+$/.test(path)) return undefined;
  // A partial import is a change of the realm.
  if (what === 'CREATE USER' || what.endsWith(' REALM')) return 'created';
  if (what === 'DELETE USER') return 'deleted';
  if (what !== 'UPDATE USER') return undefined;
  return (Object(details) as { enabled?: unknown }).enabled === false ? 'disabled' : 'changed';
}
