import type { NestModule, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';

/** When Nest calls a module: before the app has its routes, when its providers are there, and at its end. */
export interface ModuleLifecycle extends NestModule, OnModuleInit, OnApplicationShutdown {}
