import type { SessionRecord } from './session-record.ts';

/** A session that is at hand, decrypted. */
export interface LiveSession {
  /** Known to the browser alone. */
  readonly id: string;
  /** Name in the store. */
  readonly key: string;
  /** The value of the cookie that it was found by, decoded. */
  readonly cookie: string;
  /** What to put in its place: it was signed with an older secret. Else `null`. */
  readonly newCookie: string | null;
  record: SessionRecord;
  /** When it was read from the store. Unit: milliseconds since 1970, as all times here. */
  loadedAt: number;
  /** When the store last heard that it is in use. */
  touchedAt: number;
}
