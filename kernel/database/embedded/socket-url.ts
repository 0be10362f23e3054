/** Where and as whom to connect to a server on a Unix socket. */
export interface SocketAddress {
  /** The directory of the socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

/**
 * The connection URL of a database. The socket directory is the percent-encoded host, the one form that libpq, pg,
 * MikroORM and `new URL` all read.
 */
export function socketUrl(address: SocketAddress, database: string): string {
  const { user, host, port } = address;
  return `postgresql://${encodeURIComponent(user)}@${encodeURIComponent(host)}:${port}/${encodeURIComponent(database)}`;
}
