import { toWords } from '../../../keycloak/page.ts';
import { type Check, checkOf, fail, type Look, ok, skipped, warn } from '../../check.ts';
import { decodeJwt } from '../../evidence/jwt.ts';
import type { RouteEvidence } from '../../evidence/route.ts';
import { explain } from '../../explain.ts';
import { judgeAnswer } from './judge.ts';

const about = (id: string, needs: readonly string[], look: Look<RouteEvidence>): Check =>
  checkOf({ find: (context) => context.route, otherwise: 'no route was named (--route)' }, id, needs, look);

const isIn = (status: number) => status >= 200 && status < 300;

/** Checks of a route of an own API (`--route`): what its answers mean. */
export const ROUTE_CHECKS: readonly Check[] = [
  about('route.no-token', [], async (route) => {
    const answer = await route.withoutToken();
    const found = judgeAnswer(answer);
    if (found !== undefined) return found;
    if (isIn(answer.status)) {
      return fail(
        `HTTP ${answer.status} without a token`,
        'the route is open: it answers to everybody',
        'If it is to be guarded: the guard before the route (order of middleware), for this path and method. If it is public, name another one.',
      );
    }
    if (answer.status === 403) {
      return warn(
        toWords(answer),
        'who sends no token gets 403, which says "you may not" to somebody it does not know: clients do not sign in then',
        'Answer 401 with WWW-Authenticate: Bearer where there is no good token, and 403 where a good one is not enough (RFC 6750 §3.1).',
      );
    }
    if (answer.status === 401) return ok('401 and how to do better');
    return skipped(`HTTP ${answer.status}: neither open nor guarded (${toWords(answer)})`);
  }),
  about('route.forged', ['route.no-token'], async (route) => {
    for (const [what, answer] of [
      ['a token whose signature is made up', await route.withForged()],
      ['a token without a signature (alg none)', await route.withUnsigned()],
    ] as const) {
      if (isIn(answer.status)) {
        return fail(
          `HTTP ${answer.status}`,
          `the route lets in ${what}: it reads tokens and does not verify them. Anybody can be anybody`,
          'Verify the signature by the keys of the realm, with a fixed list of algorithms, before anything else. Do not use jwt.decode for it.',
        );
      }
      const found = judgeAnswer(answer);
      if (found !== undefined) return found;
      if (answer.status === 403) {
        return warn(
          toWords(answer),
          `${what} is refused with 403: the caller cannot know that another token would do`,
          'Answer 401 with error="invalid_token" (RFC 6750 §3.1).',
        );
      }
    }
    return ok('refused, with another signature and with none');
  }),
  about('route.token', [], async (route, context) => {
    if (route.isUnsafe !== undefined) return skipped(route.isUnsafe);
    const answer = await route.withToken();
    if (answer === undefined) return skipped('no good token: give --token -, or --user and DOCTOR_PASSWORD');
    const found = isIn(answer.status) || answer.status !== 401 ? judgeAnswer(answer) : undefined;
    if (found !== undefined) return found;
    if (isIn(answer.status)) return ok(`HTTP ${answer.status} with a good token`);
    const { claims = {} } = decodeJwt(context.token ?? (await context.reach.login?.token())) ?? {};
    const words = toWords(answer);
    if (answer.status === 403) {
      return fail(
        words,
        `the token is good, and not enough: the route wants a role, a scope, a group or a permission that it does not have. It has the scope '${claims.scope ?? ''}'; content and roles: --token -`,
        'Name what the route wants, and the doctor says why the token lacks it: --needs role=NAME, group=PATH, organization=ALIAS, scope=NAME',
      );
    }
    if (answer.status === 401) {
      const said = `${answer.headers.get('www-authenticate') ?? ''} ${answer.text.slice(0, 2000)}`;
      const [why] = explain(said).filter(({ status }) => status === 'ok');
      return fail(
        words,
        why?.cause ??
          `the API refuses a token that Keycloak issued (iss ${claims.iss}, aud ${[claims.aud ?? 'none'].flat().join(', ')}), and does not say why: it expects another issuer or audience, or has old keys`,
        why?.fix ??
          "Compare iss and aud with the API's settings; its log has the reason. If token.accepted is well, the API runs with other settings than these.",
      );
    }
    return fail(
      words,
      `the API answers HTTP ${answer.status} to a good token`,
      "The API's log has the reason.",
    );
  }),
  about('route.cors', [], async (route) => {
    const { origin } = route;
    if (origin === undefined) return skipped('no page was named (--origin)');
    const answer = await route.preflight();
    const header = (name: string) => answer.headers.get(`access-control-allow-${name}`) ?? '';
    const fix = `CORS before the guard, for ${origin} exactly: Access-Control-Allow-Origin: ${origin}, Access-Control-Allow-Headers: authorization, content-type, on refusals too.`;
    if (answer.status === 0) return skipped(toWords(answer));
    if (!isIn(answer.status)) {
      return fail(
        `OPTIONS: ${toWords(answer)}`,
        'a browser asks first, without a token, and the answer is not 2xx: it then does not send the request. The guard or a redirect comes before CORS',
        fix,
      );
    }
    if (header('origin') !== origin && header('origin') !== '*') {
      return fail(
        `Access-Control-Allow-Origin: ${header('origin') || 'none'}`,
        `pages of ${origin} may not read the API's answers`,
        fix,
      );
    }
    // Fetch standard: * does not stand for Authorization.
    if (!/\bauthorization\b/i.test(header('headers'))) {
      return fail(
        `Access-Control-Allow-Headers: ${header('headers') || 'none'}`,
        'the browser may not send the header Authorization (a * does not include it)',
        fix,
      );
    }
    const refusal = (await route.withoutToken()).headers.get('access-control-allow-origin');
    if (refusal !== origin && refusal !== '*') {
      return warn(
        'the refusal has no Access-Control-Allow-Origin',
        'the page cannot see a 401: it looks like a CORS error, and the page does not sign in',
        fix,
      );
    }
    return ok(`${origin} may call it with a token`);
  }),
];
