import { Writable } from 'node:stream';
import { before, type TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { type AppDeps, buildApp, type Config, loadConfig } from '../../packages/server/src/index.ts';
import { createLoggerTo } from '../../packages/server/src/log/logger.ts';
import type { DevIdp } from '../../packages/testing/src/index.ts';
import { afterAll } from '../support/after-all.ts';
import { PASSWORD, SECRET, startIdp } from '../support/dev-idp.ts';

export { PASSWORD, SECRET, startIdp };

/** What has to be set, and nothing else. */
export const GOOD = {
  KEYCLOAK_SERVER_URL: 'http://localhost:8080/auth/',
  KEYCLOAK_REALM: 'testing',
  KEYCLOAK_CLIENT_ID: 'fastapi-keycloak',
  KEYCLOAK_CLIENT_SECRET: 's3cr3t',
};

/** What has to be set for a provider; a free port. */
export function settingsFor(
  serverUrl: string,
  settings: Record<string, string> = {},
): Record<string, string> {
  return {
    KEYCLOAK_SERVER_URL: serverUrl,
    KEYCLOAK_REALM: 'testing',
    KEYCLOAK_CLIENT_ID: 'fastapi-keycloak',
    KEYCLOAK_CLIENT_SECRET: SECRET,
    PORT: '0',
    ...settings,
  };
}

export function configFor(serverUrl: string, settings: Record<string, string> = {}): Config {
  return loadConfig({
    cwd: '/nonexistent',
    env: settingsFor(serverUrl, { LOG_LEVEL: 'trace', ...settings }),
  });
}

/** The app for a provider, and every line it logs. Ended with the test. */
export async function buildTestApp(
  t: Pick<TestContext, 'after'>,
  serverUrl: string,
  settings: Record<string, string> = {},
  deps: AppDeps = {},
): Promise<{ app: FastifyInstance; log: Log }> {
  const config = configFor(serverUrl, settings);
  const log = collectLog();
  const app = await buildApp(config, { logger: createLoggerTo(config, log.stream), ...deps });
  t.after(() => app.close());
  return { app, log };
}

export interface SharedApp {
  readonly idp: DevIdp;
  readonly app: FastifyInstance;
  readonly log: Log;
}

/**
 * A provider and an app for all tests of a `describe`, where none leaves anything that another one meets.
 *
 * @param prepare adds routes of the tests
 */
export function shareTestApp(
  settings: Record<string, string> = {},
  prepare: (app: FastifyInstance) => void = () => {},
): SharedApp {
  const shared = {} as { -readonly [name in keyof SharedApp]: SharedApp[name] };
  const t = afterAll();
  before(async () => {
    shared.idp = await startIdp(t);
    Object.assign(shared, await buildTestApp(t, shared.idp.url, settings));
    prepare(shared.app);
  });
  return shared;
}

export interface Log {
  readonly stream: Writable;
  /** Everything that was written, as text. */
  text(): string;
  /** Lines as objects. */
  lines(): Record<string, unknown>[];
  /** What was written up to now is as if it were not. */
  clear(): void;
}

export function collectLog(): Log {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return {
    stream,
    text: () => text,
    clear: () => {
      text = '';
    },
    lines: () =>
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

export const form = (fields: Record<string, string>) => ({
  method: 'POST' as const,
  url: '/login',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  payload: new URLSearchParams(fields).toString(),
});

/** The short set of headers that is on every JSON answer. */
export const JSON_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};
