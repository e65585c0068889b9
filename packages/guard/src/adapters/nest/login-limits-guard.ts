import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { KeycloakService } from './service.ts';

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
