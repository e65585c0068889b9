import { and, eq, isNull, lt, lte, ne, sql } from 'drizzle-orm';
import { bigint, type PgDatabase, type PgQueryResultHKT, pgTable, text, unique } from 'drizzle-orm/pg-core';
import { AuthError, type Principal } from 'keycloak-guard';
import type { UserChange, UserHandlers } from 'keycloak-guard/events';

export type Database = PgDatabase<PgQueryResultHKT>;

export const users = pgTable(
  'users',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    issuer: text().notNull(),
    subject: text().notNull(),
    // Of a service account; it has no username and no e-mail address.
    clientId: text('client_id'),
    username: text(),
    email: text(),
    state: text({ enum: ['active', 'disabled', 'deleted'] })
      .notNull()
      .default('active'),
    // How new the row is, by Keycloak's clock: what is older changes nothing. Unit: milliseconds since 1970.
    asOf: bigint('as_of', { mode: 'number' }).notNull(),
  },
  (table) => [unique().on(table.issuer, table.subject)],
);

export const orders = pgTable('orders', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  ownerId: bigint('owner_id', { mode: 'number' })
    .notNull()
    .references(() => users.id),
  item: text().notNull(),
});

export type User = typeof users.$inferSelect;

const byKey = (issuer: string, subject: string) => and(eq(users.issuer, issuer), eq(users.subject, subject));

/**
 * The row of the caller: made at the first request, written again only when a newer token says something else.
 *
 * @throws {AuthError} `token_revoked` if the user is disabled or deleted here
 */
export async function userOf(db: Database, principal: Principal): Promise<User> {
  const { issuer, subject, claims } = principal;
  if (subject === null) throw new Error('The token has no subject: its client lacks the scope "basic"');
  const isService = principal.kind === 'service';
  const profile = {
    clientId: isService ? principal.authorizedParty : null,
    username: isService ? null : principal.username,
    email: isService ? null : principal.email,
  };
  const asOf = Number(claims.iat) * 1_000;
  const read = async () => (await db.select().from(users).where(byKey(issuer, subject)))[0];

  let user = await read();
  if (user === undefined || (asOf > user.asOf && isNews(profile, user))) {
    // Of two first requests one inserts. The other one finds a row that is not older, changes nothing, and reads it.
    const [written] = await db
      .insert(users)
      .values({ issuer, subject, ...profile, asOf })
      .onConflictDoUpdate({
        target: [users.issuer, users.subject],
        set: {
          username: sql`coalesce(excluded.username, ${users.username})`,
          email: sql`coalesce(excluded.email, ${users.email})`,
          state: 'active',
          asOf,
        },
        setWhere: sql`${users.asOf} < ${asOf} and ${users.state} <> 'deleted'`,
      })
      .returning();
    user = written ?? (await read());
  }
  if (user?.state !== 'active')
    throw new AuthError('token_revoked', `the user is ${user?.state} in the table`);
  return user;
}

/** A token without a name says nothing of it: its client may lack the scopes `profile` and `email`. */
function isNews(profile: Pick<User, 'username' | 'email'>, user: User): boolean {
  const differs = (said: string | null, known: string | null) => said !== null && said !== known;
  return (
    user.state === 'disabled' ||
    differs(profile.username, user.username) ||
    differs(profile.email, user.email)
  );
}

/** Personal data goes; the key stays, so that orders keep their owner and a late request makes no new row. */
const DELETED = { state: 'deleted', username: null, email: null } as const;

interface Profile {
  readonly username?: string;
  readonly email?: string;
  readonly enabled?: boolean;
}

const toColumns = ({ username, email, enabled }: Profile) => ({
  ...(username !== undefined && { username }),
  ...(email !== undefined && { email }),
  ...(enabled !== undefined && { state: enabled ? ('active' as const) : ('disabled' as const) }),
});

/** Handlers for `onUser`. A change that is told twice, or after a newer token, changes nothing. */
export function keepInStep(db: Database, missed?: () => Promise<void>): UserHandlers {
  const update = ({ issuer, subject, at }: UserChange, values: Partial<User>) =>
    db
      .update(users)
      .set({ ...values, asOf: at })
      .where(and(byKey(issuer, subject), lte(users.asOf, at), ne(users.state, 'deleted')));
  return {
    // Who never comes has no row, so nobody is `created`. Without details, the next token tells.
    changed: async (change) => {
      const columns = toColumns(Object(change.details));
      if (Object.keys(columns).length > 0) await update(change, columns);
    },
    disabled: (change) => update(change, { state: 'disabled' }),
    deleted: ({ issuer, subject, at }) =>
      db
        .insert(users)
        .values({ issuer, subject, ...DELETED, asOf: at })
        .onConflictDoUpdate({ target: [users.issuer, users.subject], set: { ...DELETED, asOf: at } }),
    ...(missed && { missed }),
  };
}

/** A token or an event of the moment before the question may be newer than the answer, and the two clocks may differ. */
const ALLOWANCE_MS = 60_000;

/**
 * Compares every person of a realm with Keycloak: for `missed`, and every night where a directory or a workflow removes users.
 *
 * @param issuer whose users `ask` knows: others are not asked about
 * @param ask asks the Admin API for a user: `GET /admin/realms/{realm}/users/{subject}`
 */
export async function compareAll(
  db: Database,
  issuer: string,
  ask: (user: User) => Promise<Response>,
): Promise<void> {
  const isPerson = and(eq(users.issuer, issuer), isNull(users.clientId), ne(users.state, 'deleted'));
  for (const user of await db.select().from(users).where(isPerson)) {
    const asOf = Date.now() - ALLOWANCE_MS;
    const answer = await ask(user);
    const body = (await answer.json()) as Profile & { error?: string };
    // A realm that is not there is 404, too.
    const isGone = answer.status === 404 && body.error === 'User not found';
    if (!answer.ok && !isGone) throw new Error(`Keycloak answers ${answer.status} to a question for a user`);
    const columns = { ...toColumns(body), email: body.email ?? null, asOf };
    // Nobody gets the subject of somebody who is gone, so no time matters.
    await (isGone
      ? db.update(users).set(DELETED).where(eq(users.id, user.id))
      : db
          .update(users)
          .set(columns)
          .where(and(eq(users.id, user.id), lt(users.asOf, asOf), ne(users.state, 'deleted'))));
  }
}
