// Handlers as people have them, unchanged behind a guard.
import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from 'express';
import { type KeycloakOptions, keycloak } from 'keycloak-guard/express';

interface Order {
  readonly item: string;
  readonly count: number;
}

// The type of the options needs no argument, and knows the framework's request.
const options: KeycloakOptions = {
  serverUrl: 'http://localhost:8080',
  realm: 'testing',
  clientId: 'orders',
  onDenied: (request) => console.log(request.ip),
};
const kc = keycloak(options);
const app = express();
app.use(express.json());
app.use(kc.session({ secret: 'x'.repeat(64) }));

// Bodies, params and query are what they were without the guard.
app.post('/orders', kc.guard(), (request, response) => {
  const item: string = request.body.item;
  const { count } = request.body as Order;
  response.status(201).json({ item, count, by: request.principal?.username });
});
app.get('/orders/:id', kc.guard({ realmRole: 'user' }), (request, response) => {
  const id: string = request.params.id;
  const tab = request.query.tab;
  // @ts-expect-error A path without this parameter.
  const other: number = request.params.id;
  response.json({ id, tab, other });
});
app.get('/orders/:id/lines/:line', kc.guard(), kc.permit('order#read'), async (request, response) => {
  const both: string = request.params.id + request.params.line;
  response.send(both);
});

// With types of their own.
app.put('/orders/:id', kc.guard(), (request: Request<{ id: string }, Order, Order>, response) => {
  const count: number = request.body.count;
  response.json({ item: request.params.id, count });
});
const create: RequestHandler<{ shop: string }, Order, Order> = (request, response) => {
  response.json({ ...request.body, item: request.params.shop });
};
app.post('/shops/:shop', kc.guard(), create);
function show(request: Request, response: Response, next: NextFunction): void {
  if (request.headers['x-skip']) next();
  else response.json(request.principal);
}
app.get('/who', kc.guard(), show);
app.get('/both', [kc.guard(), kc.guard({ client: 'shop' })], show);

const router = Router({ mergeParams: true });
router.use(kc.guard());
router.get('/', show);
router
  .route('/:id')
  .all(kc.guard())
  .get(show)
  .delete((request, response) => void response.json(request.params.id));
app.use('/admin', kc.guard({ realmRole: 'admin' }), router);
app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
  response.status(500).json({ error: String(error) });
});

// What people add to requests themselves.
declare global {
  namespace Express {
    interface Request {
      tenant?: { readonly name: string };
    }
  }
}
app.get('/tenant', kc.guard(), (request, response) => {
  response.json({ tenant: request.tenant?.name, is: kc.has(request.principal, { realmRole: 'admin' }) });
});
