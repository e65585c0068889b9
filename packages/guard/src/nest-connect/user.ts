import type { Claims } from '../core/index.ts';
import type { Carrier } from '../nest/internal.ts';

/** What nest-keycloak-connect puts on a request, where applications read it. */
export interface ConnectCarrier extends Carrier {
  /** The claims of the token; a copy. */
  user?: Claims;
  accessToken?: string;
  scopes?: readonly string[];
}
