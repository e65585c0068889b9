import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  InternalServerErrorException,
  Logger,
  Optional,
} from '@nestjs/common';
import { asOurs } from './global-guards.ts';
import { KeycloakService } from './service.ts';

/**
 * Admits callers who have a valid token and meet what the decorators require: over HTTP, GraphQL, WebSocket gateways and
 * microservices. Every decorator that requires something applies this guard. To guard all handlers of the app, register it
 * as `APP_GUARD`: messages of gateways and of a hybrid app's microservices too.
 *
 * @example
 * const everywhere = { provide: APP_GUARD, useClass: KeycloakGuard };
 */
export class KeycloakGuard implements CanActivate {
  readonly #keycloak: KeycloakService | undefined;

  constructor(keycloak?: KeycloakService) {
    this.#keycloak = keycloak;
  }

  /** Whether Nest may call the handler. @throws one of Nest's exceptions, or rejects with one, if the call is refused */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.#keycloak !== undefined) return this.#keycloak.admit(context);
    new Logger('Keycloak').error('KeycloakModule is not imported: guarded handlers refuse every call');
    throw new InternalServerErrorException({ detail: 'Internal Server Error' });
  }
}

// Done by hand what `@Injectable()` and `@Inject()` do. Optional, so that a controller can be tested on its own.
Injectable()(KeycloakGuard);
Inject(KeycloakService)(KeycloakGuard, undefined, 0);
Optional()(KeycloakGuard, undefined, 0);
asOurs(KeycloakGuard);

/**
 * Limits a login of your own, by the option `loginLimits` of the module: answers 429 with `Retry-After` to those who try too
 * often, and `RateLimit-*` to everybody.
 *
 * @see RFC 6585 §4, docs/login-limits.md
 * @example
 * class LoginController { @Post('login') @UseGuards(LoginLimitsGuard) login(@Body() body: Credentials) {} }
 */
export class LoginLimitsGuard implements CanActivate {
  readonly #keycloak: KeycloakService;

  constructor(keycloak: KeycloakService) {
    this.#keycloak = keycloak;
  }

  /** @throws one of Nest's exceptions, or rejects with one, if there are too many */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    return this.#keycloak.limitLogin(context);
  }
}

// Done by hand what `@Injectable()` and `@Inject()` do.
Injectable()(LoginLimitsGuard);
Inject(KeycloakService)(LoginLimitsGuard, undefined, 0);
