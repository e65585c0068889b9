// The documents behind Express.
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { isAuthError } from 'keycloak-guard';
import { type KeycloakOptions, keycloak } from 'keycloak-guard/express';
import {
  type Act,
  BadInput,
  CREATE,
  createDocuments,
  type DocumentsOptions,
  registerAt,
} from './documents.ts';

export function buildApp({ permissionSeconds = 30, ...realm }: DocumentsOptions): Express {
  const kc = keycloak(realm as KeycloakOptions);
  const permissions = kc.permissions({ permissionSeconds });
  const documents = createDocuments(permissions, registerAt(`${realm.serverUrl}/realms/${realm.realm}`));
  const app = express();
  app.use(express.json());

  const idOf = (request: Request): string => String(request.params.id);
  /** The owner, whoever it is shared with, and admins; to everybody else it is not there. */
  const may = (act: Act) => [
    kc.guard(),
    kc.permit((request) => documents.ruleFor(idOf(request), act), {
      hide: true,
      owner: (request) => documents.ownerOf(idOf(request)),
    }),
  ];

  app.get('/documents', kc.guard(), async (request, response) => {
    response.json(await documents.list(request.principal as never));
  });
  app.post('/documents', kc.guard(), kc.permit(CREATE), async (request, response) => {
    const token = await kc.accessToken(request);
    response
      .status(201)
      .json(await documents.create(request.principal as never, String(token), request.body));
  });
  app.get('/documents/:id', may('view'), (request: Request, response: Response, next: NextFunction) => {
    const document = documents.find(idOf(request));
    if (document === undefined) next();
    else response.json(document);
  });
  app.put('/documents/:id', may('edit'), (request: Request, response: Response, next: NextFunction) => {
    const document = documents.change(idOf(request), request.body);
    if (document === undefined) next();
    else response.json(document);
  });
  app.delete(
    '/documents/:id',
    may('administer'),
    (request: Request, response: Response, next: NextFunction) => {
      if (documents.remove(idOf(request))) response.status(204).end();
      else next();
    },
  );

  // Who owns it, Keycloak says.
  app.get('/documents/:id/shares', kc.guard(), async (request, response) => {
    response.json(await documents.sharesOf(request.principal as never, idOf(request)));
  });
  app.put('/documents/:id/shares', kc.guard(), async (request, response) => {
    await documents.share(request.principal as never, idOf(request), request.body);
    response.status(204).end();
  });
  app.delete('/documents/:id/shares', kc.guard(), async (request, response) => {
    await documents.unshare(request.principal as never, idOf(request), request.body);
    response.status(204).end();
  });

  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (error instanceof BadInput) response.status(422).json({ detail: error.message });
    // What sharing refuses: guards answer themselves.
    else if (isAuthError(error))
      response.status(error.statusCode).set(error.headers).json({ detail: error.message });
    else next(error);
  });
  return app;
}
