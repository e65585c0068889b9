import { isThenable } from '../../core/internal.ts';
import type { Exchange } from './host.ts';
import type { ConnectResponse } from './request.ts';

// Functions that the application replaces may throw, or be async: unhandled, either would end the process.

/** Refuses a request as the application does. */
export function deny({ keycloak, request, response, next }: Exchange): void {
  settle(keycloak.accessDenied(request, response, next), response);
}

/** Reports the rejection of a hook's promise, and answers 500 where `response` is given and not answered yet. */
export function settle(result: unknown, response?: ConnectResponse): void {
  if (isThenable(result)) Promise.resolve(result).catch((error: unknown) => fail(error, response));
}

/** Code of the application failed where nobody else catches it. */
export function fail(error: unknown, response?: ConnectResponse): void {
  console.error(error);
  if (response === undefined || response.headersSent) return;
  response.statusCode = 500;
  response.end();
}
