import { toWords } from '../../../keycloak/page.ts';
import { isStranger } from '../../../keycloak/stranger.ts';
import { check, ok, skipped, warn } from '../../check.ts';
import { noBrowserLogin, onPage } from './say.ts';

export const clientWebOrigins = check('client.web-origins', ['client.type'], async ({ reach, options }) => {
  const other = await noBrowserLogin(reach);
  if (other !== undefined) return other;
  const answer = await reach.client.fromOrigin();
  const { origin } = new URL(options.appUrl);
  if (answer.status === 0 || isStranger(answer)) return skipped(toWords(answer));
  // It is refused even without our Origin.
  if (/invalid origin/i.test((await reach.client.passwordGrant()).text)) {
    return skipped('another Origin is added on the way');
  }
  const isRefused = /invalid origin/i.test(answer.text);
  // Before 26.6 Keycloak does not refuse; it only leaves out the header that lets a browser read the answer.
  if (!isRefused && answer.headers.get('access-control-allow-origin') !== null) return ok(origin);
  if (!isRefused && answer.status >= 500) return skipped(toWords(answer));
  return warn(
    isRefused ? toWords(answer) : `no Access-Control-Allow-Origin for ${origin}`,
    `${origin} is not among the client's web origins: pages of it, and requests that pass its Origin header on, are refused by Keycloak`,
    `${onPage(reach, `Settings > Access settings > Web origins: add ${origin}`)} (a redirect URI alone is not enough; '+' copies their origins). And do not pass the browser's Origin header on to Keycloak.`,
    ['--app-url', options.appUrl],
  );
});
