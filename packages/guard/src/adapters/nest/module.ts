import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Module,
  type ModuleMetadata,
  type NestModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ExternalContextCreator, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import type { AppClaims } from '../../core/index.ts';
import { accessOf } from './access.ts';
import { PageFilter } from './decide.ts';
import { documentGuards } from './documentation.ts';
import { configOf, guardMessages, KeycloakGuard } from './guards.ts';
import { endStreams } from './handlers.ts';
import { createNestLog, type KeycloakModuleOptions } from './options.ts';
import { KeycloakService } from './service.ts';
import { assertGuarded, assertTypesUnmarked, findOpenReferences } from './unguarded.ts';

/** Where options come from that are only known when the app starts. */
export interface KeycloakModuleAsyncOptions<C extends object = AppClaims>
  extends Pick<ModuleMetadata, 'imports'> {
  /** Providers that `useFactory` is called with. Default none. */
  readonly inject?: FactoryProvider['inject'];
  /** Returns the options, or a promise of them. */
  // biome-ignore lint/suspicious/noExplicitAny: injected providers may have any type, as in Nest itself.
  readonly useFactory: (...injected: any[]) => KeycloakModuleOptions<C> | Promise<KeycloakModuleOptions<C>>;
}

/**
 * keycloak-guard for Nest. A global module: import it once, and its guard and service can be injected everywhere.
 *
 * @example
 * const imports = [KeycloakModule.forRoot({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' })];
 */
export class KeycloakModule
  implements NestModule, OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown
{
  readonly #keycloak: KeycloakService;
  readonly #host: HttpAdapterHost;
  readonly #modules: ModulesContainer;

  constructor(
    keycloak: KeycloakService,
    host: HttpAdapterHost,
    modules: ModulesContainer,
    contexts: ExternalContextCreator,
  ) {
    this.#keycloak = keycloak;
    this.#host = host;
    this.#modules = modules;
    // A document is often made before the app is initialized.
    documentGuards(modules, KeycloakGuard, keycloak.securityScheme);
    guardMessages(modules, contexts);
    // The one that Nest gets first is asked last: it would get an `APP_FILTER` of this module after those of the application.
    configOf(contexts)?.addGlobalFilter(new PageFilter(host));
  }

  /**
   * The module with fixed options.
   *
   * @throws {OptionsError} when the app starts, naming every option that is missing, wrong or unknown
   * @example
   * const module = KeycloakModule.forRoot({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
   */
  static forRoot<C extends object = AppClaims>(options: KeycloakModuleOptions<C>): DynamicModule {
    return KeycloakModule.forRootAsync({ useFactory: () => options });
  }

  /**
   * The module with options that are only known when the app starts, for example from a `ConfigService`.
   *
   * @throws {OptionsError} when the app starts, naming every option that is missing, wrong or unknown
   * @example
   * const module = KeycloakModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ serverUrl: config.getOrThrow('KEYCLOAK_URL'), realm: 'testing', clientId: 'my-api' }),
   * });
   */
  static forRootAsync<C extends object = AppClaims>({
    imports = [],
    inject = [],
    useFactory,
  }: KeycloakModuleAsyncOptions<C>): DynamicModule {
    const service: FactoryProvider = {
      provide: KeycloakService,
      inject,
      // The options are not kept as a provider: they hold secrets, and every class of the application can inject providers.
      useFactory: async (...injected: unknown[]) => new KeycloakService(await useFactory(...injected)),
    };
    return {
      module: KeycloakModule,
      global: true,
      imports,
      providers: [service, KeycloakGuard],
      exports: [KeycloakService, KeycloakGuard],
    };
  }

  /** Called by Nest when the server exists and no route does. Adds the module's own routes. */
  configure(): void {
    endStreams(this.#modules);
    const open = findOpenReferences(this.#modules, KeycloakGuard, (on) => accessOf(on) !== undefined);
    if (open !== undefined)
      createNestLog().warn({ fix: 'Add @Require({}), or @Public() if that is meant' }, open);
    this.#keycloak.mount(this.#host.httpAdapter);
  }

  /**
   * Called by Nest. Starts to load the realm's keys.
   *
   * @throws {Error} naming each handler that a decorator guards although Nest runs no guard there; or if the option `mcp` and
   *   `@Mcp()` do not stand together
   */
  onModuleInit(): void {
    assertGuarded(this.#modules, this.#keycloak.servesMcp);
    this.#keycloak.load();
  }

  /** Called by Nest when the app has its GraphQL schema. @throws {Error} naming each type that a decorator guards in vain */
  onApplicationBootstrap(): void {
    assertTypesUnmarked(this.#modules);
  }

  /** Called by Nest. Ends every timer; not earlier, because requests under way still need the service. */
  onApplicationShutdown(): Promise<void> {
    return this.#keycloak.close();
  }
}

Module({})(KeycloakModule);
Inject(KeycloakService)(KeycloakModule, undefined, 0);
Inject(HttpAdapterHost)(KeycloakModule, undefined, 1);
Inject(ModulesContainer)(KeycloakModule, undefined, 2);
Inject(ExternalContextCreator)(KeycloakModule, undefined, 3);
