/** PostgreSQL configuration parameters, as in postgresql.conf. */
export type ServerSettings = Readonly<Record<string, string | number>>;

/** Marks a server as one of ours on its command line, so that we never stop somebody else's. */
export const OWN_CLUSTER_NAME = 'gpu-control-plane-embedded';

const DEFAULTS: ServerSettings = {
  max_connections: 100,
  shared_buffers: '128MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  // The text of a failed statement may carry a credential.
  log_min_error_statement: 'panic',
  jit: 'off',
};

/** For data that may be lost: no durability, no maintenance. */
const EPHEMERAL: ServerSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: 0,
  autovacuum: 'off',
};

/** What the command line of a server is made of. */
export interface ServerOptions {
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly port: number;
  readonly isEphemeral: boolean;
  readonly settings: ServerSettings;
}

/** The arguments of `postgres`. It listens on a Unix socket that only its account (and root) can open, and nowhere else. */
export function serverArguments(options: ServerOptions): string[] {
  const settings: ServerSettings = {
    ...DEFAULTS,
    ...(options.isEphemeral ? EPHEMERAL : {}),
    ...options.settings,
    listen_addresses: '',
    // The parameter is a list: quoted, a comma in the path is no separator.
    unix_socket_directories: `"${options.socketDirectory.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    port: options.port,
    cluster_name: OWN_CLUSTER_NAME,
  };
  return [
    '-D',
    options.dataDirectory,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}
