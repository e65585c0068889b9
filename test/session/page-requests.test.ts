import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPageRequest } from '../../packages/guard/src/session/internal.ts';

const isPage = (method: string, headers: Record<string, string>) => isPageRequest({ method, headers });

/** HttpURLConnection of Java 17. */
const JAVA = { accept: 'text/html, image/gif, image/jpeg, */*; q=0.2' };

test('a program that prefers HTML by its default and sends data asks for no page: it would take the login for its answer', () => {
  for (const type of ['application/json', 'application/x-www-form-urlencoded+json', 'text/plain2', '']) {
    const headers = type === '' ? JAVA : { ...JAVA, 'content-type': type };
    assert.equal(isPage('POST', headers), false, type);
  }
  assert.equal(isPage('GET', JAVA), true);
});

test('a form that a browser sends asks for a page, of any type that forms have, and where the browser says that it navigates', () => {
  const forms = [
    'application/x-www-form-urlencoded',
    'Multipart/Form-Data; boundary=x',
    'text/plain;charset=UTF-8',
  ];
  for (const type of forms)
    assert.equal(isPage('POST', { accept: 'text/html', 'content-type': type }), true, type);
  const navigates = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  assert.equal(isPage('POST', navigates), true);
  assert.equal(isPage('PUT', { ...navigates, 'content-type': 'text/plain' }), false);
});

test('what a request likes better counts, and a weight that is none is none', () => {
  for (const [accept, expected] of [
    ['text/html', true],
    ['TEXT/HTML;q=0.1, */*', true],
    ['text/html;level=1;q=0.5, application/json;q=0.5', true],
    ['text/html;q=0.5, application/json;q=0.6', false],
    ['text/html;q=0.5, application/json', false],
    ['text/html;q=0', false],
    ['text/html;q=1.1', false],
    ['text/html;q=-1', false],
    ['text/html;q=x', false],
    ['text/html2, application/xhtml+xml', false],
    ['*/*', false],
    ['', false],
  ] as const)
    assert.equal(isPage('GET', { accept }), expected, accept);
});

test('what a browser does not navigate to is no page', () => {
  const html = { accept: 'text/html' };
  for (const headers of [
    { 'sec-fetch-mode': 'cors' },
    { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    { 'x-requested-with': 'XMLHttpRequest' },
    { upgrade: 'websocket' },
  ])
    assert.equal(isPage('GET', { ...html, ...headers } as Record<string, string>), false);
  assert.equal(isPage('HEAD', html), true);
});
