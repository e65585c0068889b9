import type { Reach } from '../context.ts';
import { type Claims, decodeJwt } from './jwt.ts';

/**
 * Whether the user of a token is still the one of that name. A realm that was imported again, keys and all, verifies old tokens, and
 * says of them only that their session is unknown; but its users have other ids.
 *
 * `undefined` without an admin and without a login of the same user.
 */
export async function findUserFate(
  { sub, preferred_username: name }: Claims,
  { admin, login, caller: { realm } }: Reach,
): Promise<'same' | 'another' | 'gone' | undefined> {
  const own = decodeJwt(await login?.token())?.claims;
  if (own?.preferred_username === name && own?.sub !== undefined) return own.sub === sub ? 'same' : 'another';
  if (admin === null || typeof sub !== 'string' || typeof name !== 'string') return undefined;
  const { api } = await admin.connection();
  if (await api.users.findOne({ realm, id: sub })) return 'same';
  return (await api.users.find({ realm, username: name, exact: true })).length > 0 ? 'another' : 'gone';
}
