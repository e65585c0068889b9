import { isIPv4, isIPv6 } from 'node:net';

const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/;

/**
 * Where a request comes from, in the form that Keycloak expects. Some proxies write the port of the connection into
 * `X-Forwarded-For` (`192.0.2.1:50001`, `[2001:db8::1]:50001`), and IPv4 may come over an IPv6 socket (`::ffff:192.0.2.1`).
 *
 * @param ip `request.ip`, which is missing where the connection is gone
 * @example
 * addressOf('[2001:db8::1]:50001'); // '2001:db8::1'
 */
export function addressOf(ip = ''): string {
  const [, v6, v4] = WITH_PORT.exec(ip) ?? [];
  return (v6 ?? v4 ?? ip).replace(/^::ffff:(?=\d+\.)/i, '');
}

/**
 * The networks of an address that a limit counts, the widest first: an address of IPv4; of IPv6 the networks of 48, 56 and 64 bits.
 * A provider assigns one of these sizes, and an address does not show which. A string that is not an
 * address counts as a separate network.
 *
 * @param v4 lengths of prefixes, in bits
 * @param v6 the same for IPv6
 * @example
 * networksOf('2001:db8:1:201::1'); // ['2001:db8:1:0:0:0:0:0/48', '2001:db8:1:200:0:0:0:0/56', '2001:db8:1:201:0:0:0:0/64']
 */
export function networksOf(
  address: string,
  v4: readonly number[] = [32],
  v6: readonly number[] = [48, 56, 64],
): readonly string[] {
  const [plain = ''] = address.split('%', 1);
  if (isIPv4(plain)) return cut(plain.split('.').map(Number), 8, v4, 10, '.');
  if (!isIPv6(plain)) return [address];
  const groups = toGroups(plain);
  return isEmbedded(groups)
    ? cut(
        groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]),
        8,
        v4,
        10,
        '.',
      )
    : cut(groups, 16, v6, 16, ':');
}

/** The eight groups of an IPv6 address (RFC 4291 §2.2). */
function toGroups(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [(a << 8) | b, (c << 8) | d].map((group) => group.toString(16)).join(':'),
  );
  const [before = [], after = []] = hex
    .split('::')
    .map((half) => half.split(':').flatMap((group) => (group === '' ? [] : [Number.parseInt(group, 16)])));
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/**
 * IPv4 in the last 32 bits: `::ffff:0:0/96` (RFC 4291 §2.5.5.2), `64:ff9b::/96` of a translator (RFC 6052), and what is
 * kept for the own use of a network with one, `64:ff9b:1::/48` (RFC 8215). Any other prefix that a network has chosen
 * looks like any other network: the limits then count the translator as one network.
 */
function isEmbedded([a, b, c, d, e, f]: readonly number[]): boolean {
  const isOfTranslator = a === 0x64 && b === 0xff9b;
  if (isOfTranslator && c === 1) return true;
  if (c !== 0 || d !== 0 || e !== 0) return false;
  return (a === 0 && b === 0 && f === 0xffff) || (isOfTranslator && f === 0);
}

function cut(
  parts: readonly number[],
  width: number,
  lengths: readonly number[],
  radix: number,
  separator: string,
): readonly string[] {
  return lengths.map((bits) => {
    const kept = parts.map((part, i) => {
      const mask = Math.min(Math.max(bits - i * width, 0), width);
      return part & ((2 ** mask - 1) << (width - mask));
    });
    const text = kept.map((part) => part.toString(radix)).join(separator);
    return bits === parts.length * width ? text : `${text}/${bits}`;
  });
}
