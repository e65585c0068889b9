const WITH_PORT = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/;

/**
 * Where a request comes from, in the form that Keycloak expects. Some proxies write the port of the connection into
 * `X-Forwarded-For` (`192.0.2.1:50001`, `[2001:db8::1]:50001`), and IPv4 may come over an IPv6 socket (`::ffff:192.0.2.1`).
 *
 * @param ip `request.ip`, which is missing where the connection is gone
 */
export function addressOf(ip = ''): string {
  const [, v6, v4] = WITH_PORT.exec(ip) ?? [];
  return (v6 ?? v4 ?? ip).replace(/^::ffff:(?=\d+\.)/i, '');
}

/** The address itself or, for IPv6, the 64 bits that a household or a server has all addresses of. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
