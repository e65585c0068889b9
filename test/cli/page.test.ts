import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toPageText } from '../../packages/cli/src/keycloak/call.ts';

test('the words of a page are read without its tags and programs', () => {
  const html = `<html><head><title>x</title></head><BODY class="a">
    <script>var a = '</b>';</script><Style>p { color: red }</STYLE>
    <p>We are <b>sorry</b>&hellip; &#39;a&#39; &amp; &quot;b&quot;</p></Body></html>`;
  assert.equal(toPageText(html), `We are sorry &hellip; 'a' & "b"`);
  assert.equal(toPageText('no tags, 1 < 2'), 'no tags, 1 < 2');
  assert.equal(toPageText('<body>İ <script>never closed'), 'İ');
});

test('a page of 128 KiB costs what its bytes cost, whatever they are', () => {
  for (const part of ['<script', '<body', '<script></', '<', '<style><', '</body><body'])
    for (const html of [part.repeat(131_072 / part.length), `<body>${part.repeat(131_072 / part.length)}`]) {
      const begin = performance.now();
      toPageText(html);
      // Quadratic, it was 19 seconds.
      assert.ok(performance.now() - begin < 1_000, part);
    }
});
