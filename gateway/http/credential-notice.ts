import { MessageType, stringifyMessage, type PingMessage, type PongMessage } from 'graphql-ws';
import type { WebSocket } from 'ws';

/** What a `ping`, a `pong` or the acknowledgement says about the credential of a connection. */
export interface CredentialNotice extends Record<string, unknown> {
  readonly credential: {
    /** When it ends, RFC 3339; absent when it does not. */
    readonly expiresAt?: string;
    /** Why a new one was not taken: the earlier one stays in force until it ends. */
    readonly error?: { readonly code: unknown; readonly message: string };
  };
}

/** `expiresAt` is in seconds since 1970. */
export function expiryNotice(expiresAt: number): CredentialNotice {
  return { credential: { expiresAt: new Date(expiresAt * 1_000).toISOString() } };
}

export function sendPing(socket: WebSocket, payload: Record<string, unknown>): void {
  send(socket, { type: MessageType.Ping, payload });
}

export function sendPong(socket: WebSocket, payload: Record<string, unknown> | undefined): void {
  send(socket, payload ? { type: MessageType.Pong, payload } : { type: MessageType.Pong });
}

function send(socket: WebSocket, message: PingMessage | PongMessage): void {
  if (socket.readyState === socket.OPEN) socket.send(stringifyMessage(message));
}
