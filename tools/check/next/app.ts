/** What stands in front of the router of a Next app: its `proxy.ts`. */
export interface Front {
  readonly name: string;
  readonly proxy: string;
}

const KEYCLOAK = `import { NextResponse } from 'next/server';
import { keycloak } from 'keycloak-guard/fetch';

const kc = keycloak(() => ({
  serverUrl: process.env.KEYCLOAK_SERVER_URL!,
  realm: 'shop',
  clientId: 'my-api',
}));
`;

export const FRONTS: readonly Front[] = [
  {
    name: 'a decision where the matcher says so',
    proxy: `${KEYCLOAK}
export async function proxy(request: Request) {
  const found = await kc.decide(request, { realmRole: 'auditor' });
  return found instanceof Response ? found : NextResponse.next();
}
export const config = { matcher: '/admin/:path*' };
`,
  },
];

const route = (name: string) => `export const dynamic = 'force-dynamic';
export const GET = () => new Response('ran:${name}');
export const POST = GET;
`;

/** The files of the app. Pages and data of both routers of Next stand beside the route handlers. */
export function filesOf({ proxy }: Front): Readonly<Record<string, string>> {
  return {
    'next.config.mjs': `import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
const root = dirname(fileURLToPath(import.meta.url));
export default { turbopack: { root }, outputFileTracingRoot: root };
`,
    'proxy.ts': proxy,
    'app/layout.tsx': `export default ({ children }: { children: React.ReactNode }) => <html><body>{children}</body></html>;
`,
    'app/admin/[[...path]]/route.ts': route('admin'),
    'app/orders/[id]/route.ts': route('orders'),
    'app/public/[[...path]]/route.ts': route('public'),
    'app/admin/page-of/[id]/page.tsx': `export const dynamic = 'force-dynamic';
export default () => <p>{'ran:' + 'admin'}</p>;
`,
    'pages/admin/props.tsx': `export const getServerSideProps = () => ({ props: { what: 'ran:admin' } });
export default ({ what }: { what: string }) => <p>{what}</p>;
`,
  };
}
