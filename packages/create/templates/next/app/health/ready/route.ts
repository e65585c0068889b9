// For Kubernetes and load balancers: whether the keys of the realm are loaded.
import { kc } from '../../../lib/keycloak.ts';

export const dynamic = 'force-dynamic';

export async function GET() {
  // Nothing is loaded before the first request.
  await kc.load();
  const health = kc.health();
  return Response.json(health, { status: health.isReady ? 200 : 503 });
}
