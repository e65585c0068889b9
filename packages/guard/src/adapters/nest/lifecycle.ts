import type { NestModule, OnApplicationBootstrap, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';

/** When Nest calls a module: before the app has its routes, when its providers are there, when all has started, and at its end. */
export interface ModuleLifecycle
  extends NestModule,
    OnModuleInit,
    OnApplicationBootstrap,
    OnApplicationShutdown {}
