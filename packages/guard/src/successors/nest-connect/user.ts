import type { Carrier } from '../../adapters/nest/internal.ts';
import type { Claims } from '../../core/index.ts';

/** Members that nest-keycloak-connect sets on a request, by the same names. */
export interface ConnectCarrier extends Carrier {
  /** A copy of the token's claims. */
  user?: Claims;
  accessToken?: string;
  scopes?: readonly string[];
}
