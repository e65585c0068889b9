import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Claims } from '../core/index.ts';
import { KeycloakGuard } from './guard.ts';
import type { KeycloakModuleOptions } from './options.ts';
import { KeycloakService } from './service.ts';

/** How options are found that are known when the app starts. */
export interface KeycloakModuleAsyncOptions<C extends object = Claims>
  extends Pick<ModuleMetadata, 'imports'> {
  /** What `useFactory` is called with. Default: nothing. */
  readonly inject?: FactoryProvider['inject'];
  // biome-ignore lint/suspicious/noExplicitAny: what is injected has any type, as in Nest itself.
  readonly useFactory: (...injected: any[]) => KeycloakModuleOptions<C> | Promise<KeycloakModuleOptions<C>>;
}

/**
 * keycloak-guard for Nest. Global: imported once, its guard and its service are known everywhere.
 *
 * @example
 * const imports = [KeycloakModule.forRoot({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' })];
 */
export class KeycloakModule implements NestModule, OnModuleInit, OnApplicationShutdown {
  readonly #keycloak: KeycloakService;
  readonly #host: HttpAdapterHost;

  constructor(keycloak: KeycloakService, host: HttpAdapterHost) {
    this.#keycloak = keycloak;
    this.#host = host;
  }

  /** @throws {OptionsError} when the app starts, naming every option that is missing, wrong or unknown */
  static forRoot<C extends object = Claims>(options: KeycloakModuleOptions<C>): DynamicModule {
    return KeycloakModule.forRootAsync({ useFactory: () => options });
  }

  /**
   * With options that are known when the app starts.
   *
   * @throws {OptionsError} when the app starts, naming every option that is missing, wrong or unknown
   * @example
   * const module = KeycloakModule.forRootAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ serverUrl: config.getOrThrow('KEYCLOAK_URL'), realm: 'testing', clientId: 'my-api' }),
   * });
   */
  static forRootAsync<C extends object = Claims>({
    imports = [],
    inject = [],
    useFactory,
  }: KeycloakModuleAsyncOptions<C>): DynamicModule {
    const service: FactoryProvider = {
      provide: KeycloakService,
      inject,
      // The options are kept nowhere: they hold secrets, and everybody can look into Nest's container.
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

  /** Nest calls it when there is a server, and no route yet. */
  configure(_consumer: MiddlewareConsumer): void {
    this.#keycloak.mount(this.#host.httpAdapter);
  }

  onModuleInit(): void {
    this.#keycloak.load();
  }

  /** Not before: requests that are under way still need it. */
  onApplicationShutdown(): Promise<void> {
    return this.#keycloak.close();
  }
}

Module({})(KeycloakModule);
Inject(KeycloakService)(KeycloakModule, undefined, 0);
Inject(HttpAdapterHost)(KeycloakModule, undefined, 1);
