import { ADAPTERS } from '../../tools/docs/adapters.ts';

const ANY = (name: string): readonly [string, string] => [name, `declare const ${name}: any;`];
const CONST = (name: string, type: string): readonly [string, string] => [
  name,
  `declare const ${name}: ${type};`,
];
const FROM = (name: string, module: string): readonly [string, string] => [
  name,
  `import { ${name} } from '${module}';`,
];
const KC = (module: string) => CONST('kc', `ReturnType<typeof import('${module}').keycloak>`);
const OPTIONS = '{ serverUrl: string; realm: string; clientId: string; clientSecret: string }';
const CONFIG_SERVICE = [
  'ConfigService',
  'declare class ConfigService { getOrThrow(name: string): string }',
] as const;

/** Names that stand for a reader's own program, in the examples of every room, with their declarations. */
const EVERYWHERE = [
  ...[
    'app',
    'request',
    'response',
    'server',
    'Bun',
    'show',
    'remove',
    'socket',
    'io',
    'wss',
    'transport',
    'adminClient',
    'login',
  ].map(ANY),
  ...['url', 'token', 'code', 'state', 'secret', 'password', 'publicUrl', 'clientSecret', 'text'].map(
    (name) => CONST(name, 'string'),
  ),
  CONST('principal', "import('keycloak-guard').Principal"),
  CONST('credential', "import('keycloak-guard').Credential"),
  CONST('verifier', "import('keycloak-guard').Verifier"),
  CONST('keycloak', OPTIONS),
  FROM('createVerifier', 'keycloak-guard'),
  FROM('principalOf', 'keycloak-guard'),
  FROM('createClient', 'keycloak-guard/client'),
  FROM('keycloakSession', 'keycloak-guard/fastify'),
  FROM('createServer', 'node:http'),
  FROM('readFile', 'node:fs/promises'),
];

const IN_ROOM: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  core: [
    ...['staff', 'customers'].map((name) => CONST(name, OPTIONS)),
    CONST('apis', `(${OPTIONS})[]`),
    CONST('textOf', '(request: unknown) => Promise<string>'),
    CONST('revocation', "import('keycloak-guard').Revocation"),
    CONST('credential', "import('keycloak-guard').Credential"),
    ANY('tellOthers'),
  ],
  client: [
    CONST('client', "import('keycloak-guard/client').KeycloakClient"),
    CONST('tokens', "import('keycloak-guard/client').Tokens"),
    ANY('adminClient'),
  ],
  authz: [
    CONST('permissions', "import('keycloak-guard/authz').Permissions"),
    CONST('shares', "import('keycloak-guard/authz').Shares"),
    CONST('permit', "import('keycloak-guard/authz').Permit<unknown>"),
    ...['album', 'friend'].map((name) => CONST(name, '{ id: string }')),
    ...['showOrders', 'keycloakJson'].map(ANY),
  ],
  connect: [
    CONST('keycloak', "import('@keycloak-guard/connect').Keycloak"),
    CONST('grant', "import('@keycloak-guard/connect').Grant"),
    CONST('permissions', "import('keycloak-guard/authz').Permissions"),
    ...['session', 'keycloakJson'].map(ANY),
  ],
  events: [
    KC('keycloak-guard/express'),
    CONST('events', "import('keycloak-guard/events').KeycloakEvents"),
    ...['db', 'removeOrders'].map(ANY),
  ],
  fastify: [...['listOrders', 'db'].map(ANY)],
  fetch: [
    KC('keycloak-guard/fetch'),
    ...['headers', 'redirect', 'forbidden', 'route', 'events'].map(ANY),
    ...['page', 'action'].map((name) => CONST(name, `import('keycloak-guard/fetch').Pages['${name}']`)),
  ],
  hono: [KC('keycloak-guard/hono'), ...['c', 'events', 'info'].map(ANY)],
  koa: [KC('keycloak-guard/koa'), ...['ctx', 'router', 'body'].map(ANY)],
  nest: [
    CONST('keycloak', "import('keycloak-guard/nest').KeycloakService"),
    ...['All', 'Get', 'Post', 'Delete', 'Param', 'Body', 'Req', 'Res', 'UseGuards'].map((name) =>
      FROM(name, '@nestjs/common'),
    ),
    ...['CallHandler', 'ExecutionContext'].map((name) => FROM(name, '@nestjs/common')),
    ANY('log'),
    FROM('APP_GUARD', '@nestjs/core'),
    FROM('Test', '@nestjs/testing'),
    FROM('SubscribeMessage', '@nestjs/websockets'),
    FROM('IncomingMessage', 'node:http'),
    FROM('WebSocket', 'ws'),
    FROM('Server', 'socket.io'),
    ['AppModule', 'declare class AppModule {}'],
    ['Credentials', 'declare class Credentials { username: string; password: string }'],
    CONFIG_SERVICE,
  ],
  'connect-nest': [
    CONST('keycloak', "import('@keycloak-guard/connect/nest').KeycloakConnectService"),
    FROM('IncomingMessage', 'node:http'),
    FROM('WebSocket', 'ws'),
    ...['Get', 'Post', 'Delete'].map((name) => FROM(name, '@nestjs/common')),
    FROM('APP_GUARD', '@nestjs/core'),
    ANY('fetchOrders'),
    CONFIG_SERVICE,
  ],
  limits: [KC('keycloak-guard/express')],
  redis: [
    KC('keycloak-guard/express'),
    ['express', "import express from 'express';"],
    CONST('redis', "ReturnType<typeof import('keycloak-guard/redis').openRedis>"),
    CONST('api', OPTIONS),
    CONST('client', "import('keycloak-guard/client').KeycloakClient"),
    ANY('rateLimit'),
  ],
  testing: [CONST('idp', "import('@keycloak-guard/testing').DevIdp")],
};

const isAdapter = (name: string) => ADAPTERS.some(({ room }) => room?.name === name);

/** @returns declarations by name, for the examples of one room */
export function namesOf(room: string): ReadonlyMap<string, string> {
  return new Map([
    ...EVERYWHERE,
    ...(IN_ROOM[room] ?? (isAdapter(room) ? [KC(`keycloak-guard/${room}`)] : [])),
  ]);
}
