export { type CursorStore, createFileCursor, createMemoryCursor } from './cursor-store.ts';
export type { UserHandlers } from './deliver.ts';
export type { EventsOptions } from './options.ts';
export { type EventsStatus, type KeycloakEvents, startEvents } from './start-events.ts';
export type { UserChange, UserChangeKind } from './user-change.ts';
