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
 * Puts an error handler behind all others of the app, when the first request is refused: the application's own come
 * first, and what none of them answers is no page of HTML with a stack.
 *
 * @returns a function for each request that was refused; false where there is no app to add it to
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
