/** A kind of application. */
export interface Framework {
  /** For the question. */
  readonly title: string;
  /** For the README of the new application. */
  readonly what: string;
  /** Folders of `templates/`; a later one replaces files of an earlier one. */
  readonly layers: readonly string[];
  /** Its name for the folder `src` of other layers. Default `src`. */
  readonly sources?: string;
  /** Whether it can have a sign-in with the browser. */
  readonly hasLogin?: boolean;
  /** Whether there is a page that calls the API, with a server of its own. */
  readonly hasPage?: boolean;
  /** Decorators need TypeScript. */
  readonly onlyTypeScript?: boolean;
  readonly dependencies: readonly string[];
  readonly devDependencies?: readonly string[];
  /** Packages with types, and other needs of TypeScript. Default: those of a program that tsx runs. */
  readonly typeScript?: readonly string[];
}

/** For programs that tsx runs. */
export const TSX = ['tsx', 'typescript'];

export const FRAMEWORKS = {
  express: {
    title: 'Express',
    what: 'An API in Express',
    layers: ['program', 'settings', 'home', 'api', 'listener', 'express'],
    hasLogin: true,
    dependencies: ['express'],
    typeScript: [...TSX, '@types/express'],
  },
  nest: {
    title: 'NestJS',
    what: 'An API in NestJS',
    layers: ['settings', 'home', 'nest'],
    hasLogin: true,
    onlyTypeScript: true,
    dependencies: ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', 'reflect-metadata', 'rxjs'],
    typeScript: ['@nestjs/cli', '@nestjs/schematics', 'typescript5'],
  },
  fastify: {
    title: 'Fastify',
    what: 'An API in Fastify',
    layers: ['program', 'settings', 'home', 'api', 'fastify'],
    hasLogin: true,
    dependencies: ['fastify'],
  },
  hono: {
    title: 'Hono',
    what: 'An API in Hono',
    layers: ['program', 'settings', 'home', 'api', 'hono'],
    hasLogin: true,
    dependencies: ['@hono/node-server', 'hono'],
  },
  next: {
    title: 'Next.js',
    what: 'An application in Next.js',
    layers: ['settings', 'next'],
    sources: 'lib',
    hasLogin: true,
    dependencies: ['next', 'react', 'react-dom'],
    typeScript: ['tsx', 'typescript5', '@types/react', '@types/react-dom'],
  },
  koa: {
    title: 'Koa',
    what: 'An API in Koa',
    layers: ['program', 'settings', 'home', 'api', 'listener', 'koa'],
    hasLogin: true,
    dependencies: ['@koa/router', 'koa'],
    typeScript: [...TSX, '@types/koa'],
  },
  mcp: {
    title: 'MCP server',
    what: 'An MCP server in Hono',
    layers: ['program', 'settings', 'mcp'],
    dependencies: ['@hono/node-server', '@modelcontextprotocol/server', 'hono'],
    devDependencies: ['@modelcontextprotocol/client'],
  },
  service: {
    title: "The guide's service, ready-made",
    what: "The guide's API: login, a protected route, Swagger UI",
    layers: ['program', 'service'],
    dependencies: ['@keycloak-guard/server'],
  },
  spa: {
    title: 'Single-page app and API',
    what: 'A single-page app that signs people in, and an API in Express that it calls',
    layers: ['program', 'settings', 'home', 'api', 'listener', 'express', 'spa', 'spa-plain'],
    hasPage: true,
    dependencies: ['cors', 'express'],
    devDependencies: ['concurrently', 'keycloak-js', 'vite'],
    typeScript: [...TSX, '@types/cors', '@types/express'],
  },
  'spa-react': {
    title: 'Single-page app in React, and API',
    what: 'A single-page app in React that signs people in, and an API in Express that it calls',
    layers: ['program', 'settings', 'home', 'api', 'listener', 'express', 'spa', 'spa-react'],
    hasPage: true,
    dependencies: ['cors', 'express'],
    devDependencies: ['@vitejs/plugin-react', 'concurrently', 'keycloak-js', 'react', 'react-dom', 'vite'],
    typeScript: [...TSX, '@types/cors', '@types/express', '@types/react', '@types/react-dom'],
  },
} as const satisfies Readonly<Record<string, Framework>>;

export type FrameworkName = keyof typeof FRAMEWORKS;

export const FRAMEWORK_NAMES = Object.keys(FRAMEWORKS) as readonly FrameworkName[];

export const frameworkOf = (name: FrameworkName): Framework => FRAMEWORKS[name];
