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
  type Provider,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AuthGuard, ResourceGuard, RoleGuard } from './guards.ts';
import type { KeycloakConnectOptions, KeycloakConnectOptionsFactory, NestKeycloakConfig } from './options.ts';
import { KeycloakConnectService } from './service.ts';

/** How options are found that are known when the app starts. */
export interface KeycloakConnectModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: FactoryProvider['inject'];
  readonly useExisting?: Type<KeycloakConnectOptionsFactory>;
  readonly useClass?: Type<KeycloakConnectOptionsFactory>;
  // biome-ignore lint/suspicious/noExplicitAny: what is injected has any type, as in Nest itself.
  readonly useFactory?: (...injected: any[]) => KeycloakConnectOptions | Promise<KeycloakConnectOptions>;
}

/**
 * The module of nest-keycloak-connect, on keycloak-guard. Global.
 *
 * @example
 * const imports = [KeycloakConnectModule.register({ authServerUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' })];
 */
export class KeycloakConnectModule implements NestModule, OnModuleInit, OnApplicationShutdown {
  readonly #keycloak: KeycloakConnectService;
  readonly #host: HttpAdapterHost;

  constructor(keycloak: KeycloakConnectService, host: HttpAdapterHost) {
    this.#keycloak = keycloak;
    this.#host = host;
  }

  /**
   * @param options the settings, or the path of a `keycloak.json`
   * @param more what the file does not have
   * @throws {OptionsError} when the app starts, naming every setting that is missing, or would open a hole
   */
  static register(options: KeycloakConnectOptions, more?: NestKeycloakConfig): DynamicModule {
    return toModule({
      provide: KeycloakConnectService,
      useFactory: () => new KeycloakConnectService(options, more),
    });
  }

  /** @throws {OptionsError} when the app starts, naming every setting that is missing, or would open a hole */
  static registerAsync(given: KeycloakConnectModuleAsyncOptions): DynamicModule {
    const { imports = [], inject = [], useFactory, useClass, useExisting } = given;
    const factory = useExisting ?? useClass;
    if (factory === undefined && useFactory === undefined) {
      throw new TypeError('registerAsync needs useFactory, useClass or useExisting');
    }
    const service: FactoryProvider = {
      provide: KeycloakConnectService,
      inject: factory === undefined ? inject : [factory],
      useFactory: async (...injected: unknown[]) =>
        new KeycloakConnectService(
          await (useFactory === undefined
            ? (injected[0] as KeycloakConnectOptionsFactory).createKeycloakConnectOptions()
            : useFactory(...injected)),
        ),
    };
    return toModule(service, imports, useClass === undefined ? [] : [useClass]);
  }

  /** Nest calls it when there is a server, and no gateway yet. */
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

/** The options are kept nowhere: they hold secrets, and everybody can look into Nest's container. */
function toModule(
  service: Provider,
  imports: ModuleMetadata['imports'] = [],
  more: Provider[] = [],
): DynamicModule {
  const guards = [AuthGuard, RoleGuard, ResourceGuard];
  return {
    module: KeycloakConnectModule,
    global: true,
    imports,
    providers: [service, ...more, ...guards],
    exports: [KeycloakConnectService, ...guards],
  };
}

Module({})(KeycloakConnectModule);
Inject(KeycloakConnectService)(KeycloakConnectModule, undefined, 0);
Inject(HttpAdapterHost)(KeycloakConnectModule, undefined, 1);
