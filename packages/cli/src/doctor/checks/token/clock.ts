import { type Check, check, fail, ok, skipped, warn } from '../../check.ts';
import { decodeJwt } from '../../evidence/jwt.ts';
import { whyNoClaims } from './claims.ts';

export const clockSkew = check('clock.skew', ['realm.enabled'], async ({ reach }) => {
  // Keycloak sends no Date header, so only a fresh token shows its clock.
  const seconds = await measure(reach);
  if (seconds === undefined) return skipped(whyNoClaims(reach));
  const tolerance = reach.config.clockToleranceSeconds;
  const seen = `Keycloak's clock is ${Math.abs(seconds)} s ${seconds >= 0 ? 'ahead' : 'behind'}`;
  // Tolerates 2 s: a token's time has no fractions, and the call itself took time.
  if (Math.abs(seconds) <= Math.max(2, tolerance))
    return ok(Math.abs(seconds) <= 2 ? 'the clocks agree' : seen);
  const fix =
    'Let both machines keep time by NTP (timedatectl set-ntp true), or raise CLOCK_TOLERANCE_SECONDS for a while.';
  const lifespan = await lifespanOf(reach);
  if (seconds < 0 && lifespan !== undefined && -seconds + tolerance >= lifespan) {
    return fail(seen, 'the clocks differ so much that a fresh token is already expired here', fix);
  }
  return warn(
    seen,
    `the clocks differ by more than the ${tolerance} s that are tolerated: tokens expire early or late, and some are refused`,
    fix,
  );
});

type Reach = Parameters<Check['run']>[0]['reach'];

async function measure(reach: Reach): Promise<number | undefined> {
  const login = await reach.login?.login();
  const iat = decodeJwt(await reach.login?.token())?.claims.iat;
  if (login !== undefined && typeof iat === 'number') return toSkew(iat, login.arrivedAt);
  const admin = await reach.admin?.connection().catch(() => undefined);
  if (admin !== undefined && admin.issuedAt > 0) return toSkew(admin.issuedAt, admin.receivedAt);
  const service = await reach.client.clientCredentials();
  const own = decodeJwt(String(service.json?.access_token ?? ''))?.claims.iat;
  return typeof own === 'number' ? toSkew(own, service.arrivedAt) : undefined;
}

const toSkew = (iat: number, arrivedAt: number) => Math.round(iat + 0.5 - arrivedAt / 1000);

async function lifespanOf(reach: Reach): Promise<number | undefined> {
  const claims = decodeJwt(await reach.login?.token())?.claims;
  const [exp, iat] = [claims?.exp, claims?.iat];
  return typeof exp === 'number' && typeof iat === 'number' ? exp - iat : undefined;
}
