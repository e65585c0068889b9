import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KeycloakOptions } from '../../packages/guard/src/adapters/engine/internal.ts';
import type { Given, RunningApp } from '../contract/adapter/adapter.ts';

/** Puts a server on a free port, and ends it with all its connections. */
export async function listen(server: Server, close: () => Promise<unknown>): Promise<RunningApp> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await close();
    },
  };
}

/** Options of an adapter, from what an app of the contract is given. Errors that a test makes are not printed. */
export function toOptions({
  keycloak,
  explain,
  onDenied,
  logRefusals,
  onLine,
}: Given): KeycloakOptions<unknown> {
  return {
    ...keycloak,
    explain,
    logRefusals,
    onDenied: onDenied && ((_request, error, principal) => onDenied(error, principal)),
    log: { info: (_fields, line) => onLine?.(line), warn() {}, error() {} },
  };
}
