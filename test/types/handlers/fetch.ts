import { type KeycloakOptions, keycloak } from 'keycloak-guard/fetch';

// The type of the options needs no argument, and knows the framework's request.
const options: KeycloakOptions = {
  serverUrl: 'http://localhost:8080',
  realm: 'testing',
  clientId: 'orders',
  onDenied: (request) => console.log(request.headers.get('host')),
};
const kc = keycloak(options);

// A route handler of Next.js: the second argument of the framework comes behind what the guard knows.
interface Context {
  readonly params: Promise<{ id: string }>;
}
export const GET = kc.guard({}, async (request: Request, { principal }, { params }: Context) => {
  const { id } = await params;
  const tab: string | null = new URL(request.url).searchParams.get('tab');
  return new Response(JSON.stringify({ id, tab, by: principal.username }));
});
export const POST = kc.guard({ realmRole: 'user' }, async (request) => {
  const { item } = (await request.json()) as { item: string };
  return new Response(JSON.stringify({ item }), { status: 201 });
});
const answer: Response | Promise<Response> = GET(new Request('http://localhost/orders/5'), {
  params: Promise.resolve({ id: '5' }),
});
// @ts-expect-error The framework's argument is asked for.
const wrong = GET(new Request('http://localhost/orders/5'));

export { answer, wrong };
