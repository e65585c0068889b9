import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homePage } from '../../packages/server/src/controllers/home-page.ts';

const PAGE = { message: 'It runs', username: null, canSignIn: true, hasDocs: true, basePath: '/auth-api' };

test('whatever a user is called, the home page shows it as text', () => {
  const name = `<img src=x onerror="alert('1')">&amp;`;
  const shown = '&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62;&#38;amp;';
  const page = homePage({ ...PAGE, username: name, message: name });
  assert.equal(page.split(shown).length, 4);
  assert.ok(page.includes(`Signed in as <strong>${shown}</strong>`), page);
  assert.ok(page.includes(`data-username="${shown}"`), page);
  assert.ok(!page.includes('<img'), page);
});

test('the home page leads to what is there: a sign-in, a sign-out, the documentation', () => {
  const linksOf = (page: object) =>
    homePage({ ...PAGE, ...page }).match(/(?<=(?:href|action)=")\/auth-api\/(?!home)[^"]*/g);
  const [login, logout, docs] = ['auth/login?return_to=/auth-api/', 'auth/logout', 'docs'].map(
    (one) => `/auth-api/${one}`,
  );
  assert.deepEqual(linksOf({}), [login, docs]);
  assert.deepEqual(linksOf({ username: 'anna' }), [logout, docs]);
  assert.deepEqual(linksOf({ canSignIn: false, hasDocs: false }), null);
});
