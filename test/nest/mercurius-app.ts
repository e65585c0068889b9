import type { TestContext } from 'node:test';
import { APP_GUARD } from '@nestjs/core';
import {
  AbstractGraphQLDriver,
  type GqlModuleOptions,
  GraphQLModule,
  Mutation,
  Query,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import type { FastifyInstance } from 'fastify';
import mercurius, { type MercuriusOptions } from 'mercurius';
import { KeycloakGuard, KeycloakModule, Principal } from '../../packages/guard/src/adapters/nest/index.ts';
import { SECRET, startIdp } from '../support/dev-idp.ts';
import { decorate, decorateParameter } from '../support/without-syntax.ts';
import { createApp, moduleOf } from './start-app.ts';

/** Does what `MercuriusDriver` of @nestjs/mercurius does: registers Mercurius with the schema. */
class Driver extends AbstractGraphQLDriver<GqlModuleOptions> {
  async start(options: GqlModuleOptions): Promise<void> {
    const app = this.httpAdapterHost.httpAdapter.getInstance() as FastifyInstance;
    await app.register(mercurius, options as MercuriusOptions);
  }
  async stop(): Promise<void> {}
}

class Orders {
  me(username: string) {
    return username;
  }
  buy(username: string) {
    return username;
  }
  async *orders(username: string) {
    yield { orders: username };
  }
}
decorate(Orders, Resolver());
decorate(Orders, 'me', Query('me'));
decorate(Orders, 'buy', Mutation('buy'));
decorate(Orders, 'orders', Subscription('orders'));
for (const name of ['me', 'buy', 'orders'] as const) decorateParameter(Orders, name, Principal('username'));

interface Given {
  readonly publicUrl?: string | undefined;
  readonly port?: number;
  readonly subscription?: object;
  /** Options of the module. */
  readonly more?: object;
  /** Options of Fastify. */
  readonly fastify?: object;
}

/** An app whose queries, mutations and subscriptions say who asks, by WebSocket too. */
export async function startMercurius(
  t: TestContext,
  { publicUrl, port = 0, subscription = {}, more = {}, fastify = {} }: Given,
) {
  const idp = await startIdp(t);
  const graphql = GraphQLModule.forRoot({
    driver: Driver,
    typeDefs: 'type Query { me: String } type Mutation { buy: String } type Subscription { orders: String }',
    subscription: { fullWsTransport: true, ...subscription },
    installSubscriptionHandlers: true,
  } as GqlModuleOptions);
  const keycloak = KeycloakModule.forRoot({
    ...{ serverUrl: idp.url, realm: 'testing', clientId: 'fastapi-keycloak', clientSecret: SECRET },
    session: { secret: 'b7f3c1d95e0a4826b7f3c1d95e0a4826', publicUrl },
    ...more,
  });
  const app = await createApp(
    'fastify',
    moduleOf({
      imports: [keycloak, graphql],
      providers: [Orders, { provide: APP_GUARD, useClass: KeycloakGuard }],
    }),
    fastify,
  );
  t.after(() => app.close());
  await app.listen(port, '127.0.0.1');
  return { idp, app: app.getHttpAdapter().getInstance() as FastifyInstance };
}
