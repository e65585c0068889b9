import { tmpdir } from 'node:os';
import { loadConfig, startService } from '../../../packages/server/src/index.ts';
import { createLoggerTo } from '../../../packages/server/src/log/logger.ts';
import { CLIENT } from './provider.ts';

/** An answer, with everything a client can see of it. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** The real service, listening, and asked over HTTP. */
export interface GuideService {
  readonly url: string;
  call(path: string, init?: RequestInit): Promise<Answer>;
  login(fields: Record<string, string>): Promise<Answer>;
  /** `GET /protected` with this `Authorization` header. */
  getProtected(authorization?: string): Promise<Answer>;
  /** Every line of the log, parsed. */
  readonly log: readonly Record<string, unknown>[];
  readonly logText: () => string;
  close(): Promise<void>;
}

/** Starts the service as a deployment would: from settings, on a real port. */
export async function startGuideService(
  serverUrl: string,
  realm: string,
  settings: Record<string, string> = {},
): Promise<GuideService> {
  const lines: string[] = [];
  const config = loadConfig({
    cwd: tmpdir(),
    envFile: 'no-such-file.env',
    env: {
      KEYCLOAK_SERVER_URL: serverUrl,
      KEYCLOAK_REALM: realm,
      KEYCLOAK_CLIENT_ID: CLIENT.id,
      KEYCLOAK_CLIENT_SECRET: CLIENT.secret,
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'debug',
      // The first login of a Keycloak that has just started takes long where the machine is busy.
      KEYCLOAK_TIMEOUT_MS: '30000',
      ...settings,
    },
  });
  const logger = createLoggerTo(config, { write: (line: string) => void lines.push(line) });
  const service = await startService(config, { logger });

  const call = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${service.url}${path}`, { redirect: 'manual', ...init });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
  return {
    url: service.url,
    call,
    login: (fields) => call('/login', { method: 'POST', body: new URLSearchParams(fields) }),
    getProtected: (authorization) =>
      call('/protected', authorization === undefined ? {} : { headers: { authorization } }),
    get log() {
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    logText: () => lines.join(''),
    close: () => service.close(),
  };
}
