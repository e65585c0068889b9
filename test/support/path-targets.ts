import fc from 'fast-check';
import { DECIDED_PATHS, PATH_TRICKS } from '../authz/path-tricks.ts';

/** What routers, URL parsers and proxies read in different ways. */
const PIECES = [
  ...['/', '/', '/', 'admin', 'admin', 'ADMIN', 'orders', 'public', '7', 'x', '..', '.', '...', '~'],
  ...['%2e', '%2E%2e', '%2f', '%2F', '%5c', '\\', ';', '%3b', '%25', '%252e', '%61', '%00', '%09', '%20'],
  ...['?', '#', '%3f', '%23', '%C3%A9', '%c0%ae', '%ef%bc%8f', '*', '@', ':', '//', '/admin', '/../', '/..'],
  ...['|', '[', ']', '^', '`', '{', '"', '<', "'", '!', ',', '=', '+', '&', '$', '(', '%', '%zz', '%7e'],
  ...['orders/../admin', '%2e%2e/admin', '..\\admin', ':80/admin', 'localhost', '\t', '%0a', '%EF%BB%BF'],
];
/** Values of `Host` that move a part of the path, where a URL is made of them as they are. */
export const HOSTS: readonly string[] = [
  ...[
    '/',
    '/x',
    '//x',
    '\\x',
    'x/y',
    '/x/..',
    '@',
    '@/x',
    '?',
    '#',
    'x?',
    'x#',
    'x\\',
    ':80',
    'x:80/y',
    'http://x',
  ],
  ...['[', '[::1]/x', 'x\ty', 'x y', '..', '%2f', 'x%2fy', 'public/..', '/public', 'ab'],
];

const STARTS = ['/', '/', '/', '/', '', 'http://localhost/', 'http://localhost', 'http:/', 'x://y/', '//'];

/**
 * Request targets to send byte for byte: written ones, and generated ones, the same in each run.
 *
 * @param area stands in the place of `admin`
 */
export function targetsFor(area: string, count: number): readonly string[] {
  const generated = fc.sample(
    fc.tuple(
      fc.constantFrom(...STARTS),
      fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 6 }),
    ),
    { numRuns: count, seed: 21 },
  );
  const all = [
    ...PATH_TRICKS,
    ...DECIDED_PATHS,
    ...PATH_TRICKS.filter((one) => one.startsWith('/')).map((one) => `http://localhost${one}`),
    ...['/admin/../public/x', '/admin/users/../../public/x', '/admin/%2e%2e/public', '/admin\\..\\public'],
    ...[
      '/public/admin',
      '/public/admin/x',
      '/admin/./x',
      '/admin/x/..',
      '/admin/.%2e/public/x',
      '/admin/..%2fpublic',
      '/admin/../orders/7',
    ],
    ...generated.map(([start, pieces]) => start + pieces.join('')),
  ];
  const named = all.map((one) =>
    one.replaceAll('admin', area).replaceAll('ADMIN', area.toUpperCase()).replaceAll('Admin', area),
  );
  // A blank would end the target: what follows is no version of HTTP.
  return [...new Set(named)];
}
