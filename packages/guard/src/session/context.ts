import type { TokenVerifier } from '../core/index.ts';
import type { ResolvedSessionOptions } from './options.ts';
import type { PlaceFinder } from './place.ts';
import type { Sealer } from './seal.ts';
import type { SessionKeeper } from './session-keeper.ts';

/** What every route works with. */
export interface SessionContext {
  readonly options: ResolvedSessionOptions;
  readonly keeper: SessionKeeper;
  readonly sealer: Sealer;
  readonly verifier: TokenVerifier;
  readonly placeOf: PlaceFinder;
  /** Whether organizations are the tenants: then a session acts for one, or none. */
  readonly hasOrganizations: boolean;
}
