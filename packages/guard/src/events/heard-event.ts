import { createHash } from 'node:crypto';
import { AuthError } from '../core/index.ts';
import { toJsonObject } from '../core/internal.ts';

/** Keycloak keeps what administrators do apart from what users and clients do. */
export type EventList = 'admin-events' | 'events';

/** One event of Keycloak, as far as it is read here. */
export interface HeardEvent {
  readonly id: string;
  /** By Keycloak's clock. Unit: milliseconds since 1970. */
  readonly time: number;
  readonly list: EventList;
  /** `UPDATE USER`; of a user event its type, for example `LOGOUT`. */
  readonly what: string;
  /** `users/<id>/logout`; empty for the realm, and for user events. */
  readonly path: string;
  /** What an administrator sent; `undefined` if Keycloak does not keep it. */
  readonly details: unknown;
  /** Of a user event. */
  readonly userId: string | undefined;
  readonly sessionId: string | undefined;
  /** `jti` of an access token that was revoked. */
  readonly tokenId: string | undefined;
}

/** @throws {AuthError} `provider_unavailable` unless it is a list of events */
export function readEvents(list: EventList, body: string): HeardEvent[] {
  try {
    const all = JSON.parse(body) as unknown[];
    return all.map((one) => readEvent(list, Object(one) as Record<string, unknown>));
  } catch {
    throw new AuthError('provider_unavailable', 'Keycloak answered something else than a list of events');
  }
}

function readEvent(list: EventList, event: Record<string, unknown>): HeardEvent {
  const { time, type, operationType, resourceType } = event;
  // Before 26.4 they have no id. Two that are equal in all say the same.
  const { id = createHash('sha256').update(JSON.stringify(event)).digest('base64url').slice(0, 22) } = event;
  if (typeof id !== 'string' || !Number.isSafeInteger(time)) throw new TypeError('no event');
  return {
    ...{ id, time: time as number, list },
    what: list === 'events' ? String(type) : `${operationType} ${resourceType}`,
    path: toText(event.resourcePath) ?? '',
    details: toDetails(event.representation),
    userId: toText(event.userId),
    sessionId: toText(event.sessionId),
    tokenId: toText((Object(event.details) as Record<string, unknown>).token_id),
  };
}

function toDetails(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  // A role mapping is a list.
  const { list } = toJsonObject(`{"list":${text}}`) ?? {};
  return list;
}

function toText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
