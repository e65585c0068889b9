import { eq } from 'drizzle-orm';
import express, { type Express } from 'express';
import { createFileCursor } from 'keycloak-guard/events';
import { keycloak } from 'keycloak-guard/express';
import { compareAll, type Database, keepInStep, orders, type User, userOf } from './users.ts';

export interface Settings {
  readonly serverUrl: string;
  readonly realm: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export function buildApp(db: Database, settings: Settings): Express {
  const kc = keycloak(settings);
  const keycloakAdmin = kc.fetchAs({ origin: settings.serverUrl });
  const ask = ({ subject }: User) =>
    keycloakAdmin(`/admin/realms/${settings.realm}/users/${encodeURIComponent(subject)}`);
  const [realm] = kc.verifier.members;
  const missed = async () => compareAll(db, (await realm!.issuer.discover()).issuer, ask);
  const events = kc.events({ cursor: createFileCursor('events.json') });
  events.onUser(keepInStep(db, missed));

  const app = express();
  app.use('/orders', kc.guard(), express.json());
  app.get('/orders', async (request, response) => {
    const { id } = await userOf(db, request.principal!);
    response.json(await db.select().from(orders).where(eq(orders.ownerId, id)));
  });
  app.post('/orders', async (request, response) => {
    const { id } = await userOf(db, request.principal!);
    const item = String(request.body?.item ?? '');
    response.status(201).json(await db.insert(orders).values({ ownerId: id, item }).returning());
  });
  return app;
}
