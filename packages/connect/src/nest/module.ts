import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Logger,
  Module,
  type ModuleMetadata,
  type NestModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
  Optional,
  type Provider,
  type Type,
} from '@nestjs/common';
import { ExternalContextCreator, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import {
  appGuardsIn,
  createNestLog,
  endStreams,
  findMarkedTypes,
  findOpenReferences,
  findReplaced,
  findUnguarded,
  GlobalGuards,
  globalGuardsOf,
  guardMessages,
  type Handler,
  refuseUnguarded,
  registeredIn,
} from 'keycloak-guard/unstable/nest';
import {
  KEYCLOAK_CONNECT_OPTIONS,
  KEYCLOAK_INSTANCE,
  KEYCLOAK_LOGGER,
  KEYCLOAK_MULTITENANT_SERVICE,
  META_UNPROTECTED,
} from './constants.ts';
import { AuthGuard, ResourceGuard, RoleGuard } from './guards.ts';
import { isMarkedItself, isMarkLost, type Reader, readersOf } from './metadata.ts';
import type { KeycloakConnectOptions, KeycloakConnectOptionsFactory, NestKeycloakConfig } from './options.ts';
import { KeycloakConnectService } from './service.ts';
import { type ForApplication, KeycloakMultiTenantService } from './tenants.ts';

const READERS: Readonly<Record<Reader, Type>> = { RoleGuard, ResourceGuard } as never;

/**
 * Refuses the start if no guard reads what a decorator wrote: the handler would admit everybody. A guard of the application
 * may read it: then this warns.
 *
 * @throws {Error} naming each of these handlers
 */
function assertRead(
  modules: ModulesContainer,
  contexts: ExternalContextCreator | undefined,
  warn: (line: string) => void,
): void {
  const global = [...new Set([...appGuardsIn(modules), ...globalGuardsOf(contexts).map(({ type }) => type)])];
  const classes = registeredIn(modules);
  const unread = classes.flatMap(({ handlers }) =>
    handlers
      .filter(({ kinds, unguarded }) => kinds.length > unguarded.length)
      .flatMap((handler) => findUnread(handler, global)),
  );
  refuseUnguarded('KeycloakConnectModule', [
    ...classes.flatMap((one) => [
      ...findUnguarded(one, isMarked, () => false),
      ...findReplaced(one, { isLost: isMarkLost, isMarked: isMarkedItself }),
    ]),
    ...unread.filter(({ others }) => others.length === 0).map(({ line }) => line),
  ]);
  for (const { line, others } of unread.filter((one) => one.others.length > 0))
    warn(`${line}. Does ${others.map(({ name }) => name).join(', ')} read the decorator?`);
}

/** The same for types of GraphQL. Must be called when the application has its schema. @throws {Error} naming each of them */
function assertTypesUnmarked(modules: ModulesContainer): void {
  refuseUnguarded('KeycloakConnectModule', findMarkedTypes(modules, isMarked));
}

const isMarked = (on: object): boolean => readersOf(on).length > 0;

/** A decorator that no guard of this package reads. */
interface Unread {
  readonly line: string;
  /** Guards of the application that stand before the handler. */
  readonly others: readonly Type[];
}

function findUnread({ controller, method, name }: Handler, global: readonly Type[]): Unread[] {
  const standing = [...global, ...guardsOn(controller), ...guardsOn(method)];
  const others = standing.filter((guard) => !isOurs(guard));
  return [...new Set([...readersOf(controller), ...readersOf(method)])]
    .filter((reader) => !standing.some((guard) => isKindOf(guard, READERS[reader])))
    .map((reader) => ({
      line: `${name}: no ${reader} stands before it. Add @UseGuards(AuthGuard, ${reader}), or the guard as APP_GUARD`,
      others,
    }));
}

const isOurs = (guard: Type): boolean =>
  [AuthGuard, RoleGuard, ResourceGuard, GlobalGuards].some((one) => isKindOf(guard, one as Type));

const isKindOf = (guard: Type, base: Type): boolean => guard === base || guard.prototype instanceof base;

function guardsOn(on: object): Type[] {
  return toClasses((Reflect.getMetadata('__guards__', on) as readonly unknown[] | undefined) ?? []);
}

const toClasses = (guards: readonly unknown[]): Type[] =>
  guards.map((guard) => (typeof guard === 'function' ? guard : (guard as object).constructor) as Type);

/** Where options come from that are only known when the app starts. One of `useFactory`, `useClass`, `useExisting` is required. */
export interface KeycloakConnectModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Providers that `useFactory` is called with. Default none. */
  readonly inject?: FactoryProvider['inject'];
  /** A provider of the app that makes the options. */
  readonly useExisting?: Type<KeycloakConnectOptionsFactory>;
  /** A class that makes the options; the module instantiates it. */
  readonly useClass?: Type<KeycloakConnectOptionsFactory>;
  /** Returns the options, or a promise of them. */
  // biome-ignore lint/suspicious/noExplicitAny: injected providers may have any type, as in Nest itself.
  readonly useFactory?: (...injected: any[]) => KeycloakConnectOptions | Promise<KeycloakConnectOptions>;
}

/**
 * The module of nest-keycloak-connect, on keycloak-guard. A global module: import it once.
 *
 * @example
 * const imports = [KeycloakConnectModule.register({ authServerUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' })];
 */
export class KeycloakConnectModule
  implements NestModule, OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown
{
  readonly #keycloak: KeycloakConnectService;
  readonly #host: HttpAdapterHost;
  readonly #modules: ModulesContainer;
  readonly #contexts: ExternalContextCreator | undefined;

  constructor(
    keycloak: KeycloakConnectService,
    host: HttpAdapterHost,
    modules: ModulesContainer,
    contexts?: ExternalContextCreator,
  ) {
    this.#keycloak = keycloak;
    this.#host = host;
    this.#modules = modules;
    this.#contexts = contexts;
    if (contexts !== undefined) guardMessages(modules, contexts);
  }

  /**
   * The module with fixed settings.
   *
   * @param options the settings, or the path of a `keycloak.json`
   * @param more settings that the file does not have
   * @throws {OptionsError} when the app starts, naming every setting that is missing or unsafe
   * @example
   * const module = KeycloakConnectModule.register('./keycloak.json', { policyEnforcement: PolicyEnforcementMode.ENFORCING });
   */
  static register(options: KeycloakConnectOptions, more?: NestKeycloakConfig): DynamicModule {
    return toModule({
      provide: KeycloakConnectService,
      useFactory: () => new KeycloakConnectService(options, more),
    });
  }

  /**
   * The module with settings that are only known when the app starts.
   *
   * @throws {TypeError} without `useFactory`, `useClass` and `useExisting`
   * @throws {OptionsError} when the app starts, naming every setting that is missing or unsafe
   * @example
   * const module = KeycloakConnectModule.registerAsync({
   *   inject: [ConfigService],
   *   useFactory: (config: ConfigService) => ({ authServerUrl: config.getOrThrow('KEYCLOAK_URL'), realm: 'testing', clientId: 'my-api' }),
   * });
   */
  static registerAsync(options: KeycloakConnectModuleAsyncOptions): DynamicModule {
    const { imports = [], inject = [], useFactory, useClass, useExisting } = options;
    const factory = useExisting ?? useClass;
    if (factory === undefined && useFactory === undefined)
      throw new TypeError('registerAsync needs useFactory, useClass or useExisting');
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

  /** Called by Nest when there is a server, and no gateway yet. */
  configure(): void {
    endStreams(this.#modules);
    const open = findOpenReferences(this.#modules, AuthGuard, (on) =>
      Reflect.hasMetadata(META_UNPROTECTED, on),
    );
    if (open !== undefined)
      createNestLog().warn({ fix: 'Add @UseGuards(AuthGuard), or @Public() if that is meant' }, open);
    this.#keycloak.mount(this.#host.httpAdapter);
  }

  /**
   * Called by Nest. Starts to load the realm's keys.
   *
   * @throws {Error} naming each handler with a decorator that no guard reads
   */
  onModuleInit(): void {
    assertRead(this.#modules, this.#contexts, (line) => new Logger('Keycloak').warn(line));
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

const provide = (
  token: FactoryProvider['provide'],
  pick: (one: ForApplication) => unknown,
): FactoryProvider => ({
  provide: token,
  inject: [KeycloakConnectService],
  useFactory: ({ forApplication }: KeycloakConnectService) => pick(forApplication),
});

/** The providers of nest-keycloak-connect's injection tokens. */
const FOR_APPLICATION: FactoryProvider[] = [
  provide(KEYCLOAK_INSTANCE, ({ instance }) => instance),
  provide(KEYCLOAK_CONNECT_OPTIONS, ({ options }) => options),
  provide(KEYCLOAK_MULTITENANT_SERVICE, ({ multiTenant }) => multiTenant),
  provide(KeycloakMultiTenantService, ({ multiTenant }) => multiTenant),
  { provide: KEYCLOAK_LOGGER, useFactory: () => new Logger('Keycloak') },
];

/** No provider has the options with their secrets: every class of the application can inject it. */
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
    providers: [service, ...more, ...guards, ...FOR_APPLICATION],
    exports: [KeycloakConnectService, ...guards, ...FOR_APPLICATION],
  };
}

Module({})(KeycloakConnectModule);
Inject(KeycloakConnectService)(KeycloakConnectModule, undefined, 0);
Inject(HttpAdapterHost)(KeycloakConnectModule, undefined, 1);
Inject(ModulesContainer)(KeycloakConnectModule, undefined, 2);
Inject(ExternalContextCreator)(KeycloakConnectModule, undefined, 3);
Optional()(KeycloakConnectModule, undefined, 3);
