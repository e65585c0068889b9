import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  InternalServerErrorException,
  Logger,
  Optional,
} from '@nestjs/common';
import { KeycloakService } from './service.ts';

/**
 * Guard of Nest's: lets in whoever has a good token and meets what the decorators require, in HTTP, GraphQL, WebSocket
 * gateways and microservices. Every decorator that requires something brings it along; for all handlers of the app, register
 * it as `APP_GUARD`.
 *
 * @example
 * const everywhere = { provide: APP_GUARD, useClass: KeycloakGuard };
 */
export class KeycloakGuard implements CanActivate {
  readonly #keycloak: KeycloakService | undefined;

  constructor(keycloak?: KeycloakService) {
    this.#keycloak = keycloak;
  }

  /** @throws an exception of Nest's where the call is refused */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.#keycloak !== undefined) return this.#keycloak.admit(context);
    new Logger('Keycloak').error('KeycloakModule is not imported: whatever is guarded is refused');
    throw new InternalServerErrorException({ detail: 'Internal Server Error' });
  }
}

// What `@Injectable()` and `@Inject()` do. Optional, so that a controller can be tested by itself.
Injectable()(KeycloakGuard);
Inject(KeycloakService)(KeycloakGuard, undefined, 0);
Optional()(KeycloakGuard, undefined, 0);
