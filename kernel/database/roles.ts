import pg from 'pg';

/** Owns schemas and tables; runs migrations. Row level security is forced on it too. */
export const OWNER_ROLE = 'cp_owner';
/** Serves requests of one or some organizations. No superuser, owns nothing, sees only its transaction's organizations. */
export const APPLICATION_ROLE = 'cp_app';
/** Serves operators and background work. No superuser, owns nothing; its row level security policies name it. */
export const SYSTEM_ROLE = 'cp_system';

const TIMEOUTS: Readonly<Record<string, string>> = {
  // An open writing transaction freezes the horizon of the event sequencer, so none may stay open for long.
  statement_timeout: '15s',
  idle_in_transaction_session_timeout: '15s',
  lock_timeout: '10s',
};

/** Creates the three roles if they are missing and sets what they must not be. Roles are shared by the whole cluster. */
export async function ensureRoles(adminUrl: string, password: string | null): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    for (const role of [OWNER_ROLE, APPLICATION_ROLE, SYSTEM_ROLE]) await ensureRole(client, role, password);
    const { rows } = await client.query<{ name: string }>('select current_database() as name');
    const database = client.escapeIdentifier(rows[0]?.name ?? '');
    await tolerateRace(() => client.query(`grant create, connect, temporary on database ${database} to ${OWNER_ROLE}`));
    await tolerateRace(() =>
      client.query(`grant connect on database ${database} to ${APPLICATION_ROLE}, ${SYSTEM_ROLE}`),
    );
  } finally {
    await client.end();
  }
}

async function ensureRole(client: pg.Client, role: string, password: string | null): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
  const secret = password === null ? '' : ` password ${client.escapeLiteral(password)}`;
  const attributes = `login nosuperuser nocreatedb nocreaterole nobypassrls${secret}`;
  if (rowCount === 0) await tolerateRace(() => client.query(`create role ${role} ${attributes}`));
  else if (password !== null) await tolerateRace(() => client.query(`alter role ${role} ${attributes}`));
  if (role === OWNER_ROLE || rowCount !== 0) return;
  for (const [name, value] of Object.entries(TIMEOUTS)) {
    await tolerateRace(() => client.query(`alter role ${role} set ${name} = '${value}'`));
  }
}

/** Two processes may prepare the same cluster at once; "exists" and "concurrently updated" then mean done. */
async function tolerateRace(action: () => Promise<unknown>, attempts = 5): Promise<void> {
  try {
    await action();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === '42710' || code === '23505') return;
    if (attempts > 1 && /concurrently updated/.test(message)) return tolerateRace(action, attempts - 1);
    throw error;
  }
}
