import type { Carrier } from '../../adapters/nest/internal.ts';
import type { Claims } from '../../core/index.ts';

/** Members that nest-keycloak-connect sets on a request, by the same names. */
export interface ConnectCarrier extends Carrier {
  /** A copy of the token's claims. */
  user?: Claims;
  /** The access token; its name in 2.0. */
  accessToken?: string;
  /** The same, by its name in 1.x. */
  accessTokenJWT?: string;
  scopes?: readonly string[];
}
