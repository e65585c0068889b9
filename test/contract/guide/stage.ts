import type { Front } from './front.ts';
import type { GuideService } from './guide-service.ts';
import type { GuideProvider } from './provider.ts';

/** What each part of the contract works with. Filled before its first test. */
export interface Stage {
  readonly provider: GuideProvider;
  /** Between `service` and `provider`. */
  readonly front: Front;
  readonly service: GuideService;
  /** Another service with other settings, behind the same front. */
  startOther(settings: Record<string, string>): Promise<GuideService>;
  /** Asks the provider itself for tokens, through the front: so their issuer is the one that the service sees. */
  requestTokens(fields: Record<string, string>): Promise<Record<string, string>>;
}
