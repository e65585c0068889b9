import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf, networksOf } from '../../packages/guard/src/limits/index.ts';
import { lineOf } from '../../packages/server/src/services/turns.ts';

test('IPv6 counts by its networks of 48, 56 and 64 bits, however the address is written', () => {
  const networks = ['2001:db8:1:0:0:0:0:0/48', '2001:db8:1:200:0:0:0:0/56', '2001:db8:1:234:0:0:0:0/64'];
  for (const address of [
    '2001:db8:1:234::1',
    '2001:DB8:0001:0234:ffff:0:0:9',
    '2001:db8:1:234:0:0:192.0.2.1',
    '2001:db8:1:234:5:6:7:8%eth0',
  ]) {
    assert.deepEqual(networksOf(address), networks, address);
  }
  assert.deepEqual(networksOf('::1'), ['0:0:0:0:0:0:0:0/48', '0:0:0:0:0:0:0:0/56', '0:0:0:0:0:0:0:0/64']);
  assert.deepEqual(networksOf('fe80::'), [
    'fe80:0:0:0:0:0:0:0/48',
    'fe80:0:0:0:0:0:0:0/56',
    'fe80:0:0:0:0:0:0:0/64',
  ]);
});

test('IPv4 counts by its address, in IPv6 and behind a translator too', () => {
  for (const address of [
    '192.0.2.1',
    '::ffff:192.0.2.1',
    '::ffff:c000:201',
    '64:ff9b::192.0.2.1',
    // A translator's prefix for a network's own use: any of 96 bits in 64:ff9b:1::/48.
    '64:ff9b:1::192.0.2.1',
    '64:ff9b:1:fffe:7::c000:201',
  ]) {
    assert.deepEqual(networksOf(address), ['192.0.2.1'], address);
  }
  assert.deepEqual(networksOf('64:ff9b:2::192.0.2.1').length, 3);
});

test('what is no address counts by itself', () => {
  for (const address of ['', 'unknown', '2001:db8', '1.2.3', 'a:b:c', ':::', '1:2:3:4:5:6:7:8:9']) {
    assert.deepEqual(networksOf(address), [address]);
    assert.deepEqual(lineOf(address), { network: address, crowd: address });
  }
});

test('a line is an IPv4 address or 48 bits of IPv6, a crowd 16 or 32 bits', () => {
  assert.deepEqual(lineOf('192.0.2.1'), { network: '192.0.2.1', crowd: '192.0.0.0/16' });
  assert.deepEqual(lineOf('2001:db8:1:2::3'), {
    network: '2001:db8:1:0:0:0:0:0/48',
    crowd: '2001:db8:0:0:0:0:0:0/32',
  });
});

test('an address is without port, brackets, and the prefix of IPv4 over IPv6', () => {
  for (const [seen, address] of [
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:443', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['[::FFFF:192.0.2.1]:443', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['unknown', 'unknown'],
    [undefined, ''],
  ] as const) {
    assert.equal(addressOf(seen), address);
  }
});

test('IPv6 that only looks like IPv4 in IPv6 counts by its networks', () => {
  for (const address of [
    ...['1::ffff:192.0.2.1', '0:1::ffff:192.0.2.1', '0:0:1::ffff:192.0.2.1', '0:0:0:1:0:ffff:192.0.2.1'],
    ...['0:0:0:0:1:ffff:192.0.2.1', '::fffe:192.0.2.1', '::192.0.2.1', '::1:ffff:0:192.0.2.1'],
    ...['65:ff9b::192.0.2.1', '64:ff9a::192.0.2.1', '64:ff9b::1:192.0.2.1', '64:ff9b:0:1::192.0.2.1'],
    ...[
      '64:ff9b:0:0:1::192.0.2.1',
      '64:ff9a:1::192.0.2.1',
      '65:ff9b:1::192.0.2.1',
      '64:ff9b::ffff:192.0.2.1',
    ],
  ])
    assert.equal(networksOf(address).length, 3, address);
  assert.deepEqual(networksOf('::ffff:255.254.3.4'), ['255.254.3.4']);
});

test('a prefix of any length is cut in the middle of a part too', () => {
  assert.deepEqual(networksOf('255.255.255.255', [1, 8, 12, 20, 31, 32]), [
    ...['128.0.0.0/1', '255.0.0.0/8', '255.240.0.0/12', '255.255.240.0/20', '255.255.255.254/31'],
    '255.255.255.255',
  ]);
  const all = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
  assert.deepEqual(networksOf(all, [], [4, 20, 128]), [
    'f000:0:0:0:0:0:0:0/4',
    'ffff:f000:0:0:0:0:0:0/20',
    all,
  ]);
});
