import type { NodeRequest, NodeResponse } from '../engine/internal.ts';

/** The part of an app of Express 4 or 5 that is needed. */
interface App {
  readonly parent?: App;
  use(handler: ErrorHandler): unknown;
}
type ErrorHandler = (
  error: unknown,
  request: NodeRequest,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Adds an error handler behind all others of the app, when the first request is refused. The application's own handlers come
 * first; a refusal that none of them answers gets JSON instead of an HTML page with a stack.
 *
 * @returns a function for each refused request; it returns false if the request belongs to no app
 */
export function createLastErrorHandler(handler: ErrorHandler): (request: NodeRequest) => boolean {
  const apps = new WeakSet<App>();
  return (request) => {
    let app = (request as { app?: App }).app;
    if (typeof app?.use !== 'function') return false;
    while (app.parent !== undefined) app = app.parent;
    if (!apps.has(app)) {
      apps.add(app);
      app.use(handler);
    }
    return true;
  };
}
