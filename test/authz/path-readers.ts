import { posix } from 'node:path';

/** What people write, each of which reads some URLs as no other does. */
export const PATH_READERS: Readonly<Record<string, (target: string) => string>> = {
  'the URL standard': (target) => new URL(target, 'http://localhost').pathname,
  'the URL standard, decoded': (target) => decodeURIComponent(new URL(target, 'http://localhost').pathname),
  'decoded, then resolved': (target) => posix.normalize(decodeURIComponent(target.split('?')[0] as string)),
  'decoded twice': (target) => decodeURIComponent(decodeURIComponent(target.split('?')[0] as string)),
  'without matrix parameters': (target) =>
    posix.normalize(target.split('?')[0]?.replace(/;[^/]*/g, '') as string),
  'backslashes turned': (target) => posix.normalize(target.split('?')[0]?.replaceAll('\\', '/') as string),
  'without capitals, normalised': (target) =>
    decodeURIComponent(target.split('?')[0] as string)
      .normalize('NFKC')
      .toLowerCase(),
  'what follows the host': (target) => target.replace(/^\w+:\/\/[^/]*/, '').split(/[?#]/)[0] as string,
  'trimmed at zero bytes': (target) =>
    decodeURIComponent(target.split('?')[0] as string).split('\0')[0] as string,
};

/** Whether a router that reads targets so has `/admin`, or something below it, at this one. */
export function isAdminPath(read: (target: string) => string, target: string): boolean {
  const path = read(target).replace(/\/+$/, '').replace(/^\/+/, '/');
  return /^\/admin(\/|$)/i.test(path);
}
