import {
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  Inject,
  Injectable,
  InternalServerErrorException,
  Logger,
  Optional,
  type Type,
} from '@nestjs/common';
import { ExternalContextCreator, type ModulesContainer } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import { kindOf } from './call.ts';
import { registeredIn } from './handlers.ts';
import { KeycloakService } from './service.ts';

/** Nest's metadata of `@UseGuards()`. */
const GUARDS = '__guards__';
/** On the prototype of our guards. */
const OURS = Symbol.for('keycloak-guard.guard');

/** Says that a class is a guard of this package: as a global one it also decides on messages. */
export function asOurs(guard: Type<CanActivate>): void {
  Object.defineProperty(guard.prototype, OURS, { value: true });
}

/** A global guard: an instance, or what Nest makes one of for each request. */
interface GlobalGuard {
  readonly guard?: CanActivate;
  /** Of a guard that a factory makes for each request, the factory. */
  readonly type: Type;
  readonly isOfFactory?: boolean;
}

/** Global guards of an application, by `APP_GUARD` or `useGlobalGuards`. */
export function globalGuardsOf(contexts: ExternalContextCreator | undefined): GlobalGuard[] {
  const config = configOf(contexts);
  const each = (config?.getGlobalRequestGuards?.() ?? []).map(({ metatype, inject }) => ({
    type: metatype as Type,
    isOfFactory: Array.isArray(inject),
  }));
  const made = (config?.getGlobalGuards() ?? []).map((guard) => ({ guard, type: guard.constructor as Type }));
  return [...made, ...each];
}

/** What is global in an application. Nest does not hand it out: if it moves one day, tests of gateways with APP_GUARD fail. */
export const configOf = (contexts: object | undefined) =>
  ((contexts ?? {}) as { guardsContextCreator?: { config?: GlobalConfig } }).guardsContextCreator?.config;

interface GlobalConfig {
  getGlobalGuards(): readonly CanActivate[];
  getGlobalRequestGuards?(): readonly { readonly metatype: unknown; readonly inject?: unknown }[];
  addGlobalFilter(filter: ExceptionFilter): void;
}

/**
 * Runs the application's global guards of this package for messages: Nest itself takes them neither to gateways nor to the
 * microservices of a hybrid app. Where it does, they find that they have decided.
 */
export class GlobalGuards implements CanActivate {
  readonly #contexts: ExternalContextCreator;

  constructor(contexts: ExternalContextCreator) {
    this.#contexts = contexts;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const kind = kindOf(context);
    if (kind !== 'ws' && kind !== 'rpc') return true;
    for (const { guard, type, isOfFactory } of globalGuardsOf(this.#contexts)) {
      // It may be ours: nothing says so.
      if (isOfFactory) return false;
      if (!(OURS in type.prototype)) continue;
      // One that is made for each request is not at hand here: nobody is admitted by its absence.
      const decided = await guard?.canActivate(context);
      if ((isObservable(decided) ? await lastValueFrom(decided) : decided) !== true) return false;
    }
    return true;
  }
}

Injectable()(GlobalGuards);
Inject(ExternalContextCreator)(GlobalGuards, undefined, 0);

/**
 * Puts {@link GlobalGuards} before every message of an application. Must be called before Nest has its gateways and
 * microservices: when it makes its modules.
 */
export function guardMessages(modules: ModulesContainer, contexts: ExternalContextCreator): void {
  const guard = new GlobalGuards(contexts);
  for (const { controller, handlers } of registeredIn(modules)) {
    if (!handlers.some(({ kinds }) => kinds.includes('ws') || kinds.includes('rpc'))) continue;
    const before = (Reflect.getMetadata(GUARDS, controller) as readonly unknown[] | undefined) ?? [];
    if (!before.includes(GlobalGuards)) Reflect.defineMetadata(GUARDS, [GlobalGuards, ...before], controller);
    for (const module of modules.values()) {
      const isHere = module.controllers.has(controller) || module.providers.has(controller);
      // The metadata of an application that was made before is there when Nest looks for guards.
      if (isHere && !module.injectables.has(GlobalGuards))
        module.addInjectable({ provide: GlobalGuards, useValue: guard }, 'guard');
    }
  }
}

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
 * @see RFC 6585 §4, docs/production.md
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
