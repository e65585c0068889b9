import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isAuthError } from '../../packages/guard/src/core/index.ts';
import { codeBlocks } from '../../tools/docs/documents.ts';
import { get, NOT_VALID, start } from './guarded-app.ts';

it('the error handler of docs/errors.md tells who forges tokens nothing, and leaves other errors alone', async () => {
  const { realm, verifier, app } = await start();
  const [handler] = codeBlocks('docs/errors.md');
  const program = handler?.text.replace(/^import .*$/gm, '') ?? '';
  new Function('app', 'isAuthError', program)(app, isAuthError);
  app.get('/any', { onRequest: app.guard() }, () => 'any');
  app.get('/odd', () => {
    throw Object.assign(new Error('odd'), { statusCode: 418 });
  });
  const forged = [
    'garbage',
    realm.mint({}, { header: { kid: 'x' } }),
    realm.mint({ iss: 'https://x.example' }),
  ];
  for (const token of forged) {
    assert.deepEqual(await get(app, '/any', token), [
      401,
      '{"detail":"Could not validate credentials"}',
      NOT_VALID,
    ]);
  }
  const [status, text] = await get(app, '/odd');
  assert.deepEqual([status, JSON.parse(String(text)).message], [418, 'odd']);
  await app.close();
  await verifier.close();
});

it('a route with an error handler of its own sees its refusals, and the routes beside it answer them', async () => {
  const { verifier, app } = await start();
  app.get('/own', {
    onRequest: app.guard(),
    errorHandler: (error, _request, reply) =>
      reply.code(418).send({ seen: isAuthError(error) ? error.code : 'another error' }),
    handler: () => 'own',
  });
  app.get('/beside', { onRequest: app.guard() }, () => 'beside');
  const answerOf = async (path: string) => (await get(app, path)).slice(0, 2);
  assert.deepEqual(await answerOf('/own'), [418, '{"seen":"missing_token"}']);
  assert.deepEqual(await answerOf('/beside'), [401, '{"detail":"Not authenticated"}']);
  await app.close();
  await verifier.close();
});
