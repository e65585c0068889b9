export { type CursorStore, createFileCursor } from './cursor.ts';
export type { UserHandlers } from './feed.ts';
export type { EventsOptions } from './options.ts';
export { type EventsStatus, type KeycloakEvents, startEvents } from './start-events.ts';
export type { UserChange, UserChangeKind } from './to-revocations.ts';
