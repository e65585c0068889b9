import type { Caller } from './caller.ts';
import type { Change, Target, TestRealm } from './target.ts';

/** What a behaviour is tried on. */
export interface Scene {
  readonly target: Target;
  readonly realm: TestRealm;
  readonly caller: Caller;
  /** A realm of its own, with changes, closed when the behaviour is over. */
  withRealm(change: Change, body: (caller: Caller, realm: TestRealm) => Promise<void>): Promise<void>;
}

/** Behaviours of one group: a sentence, and how it is seen. */
export type Behaviours = Record<string, (scene: Scene) => Promise<void>>;
