import type { IncomingHttpHeaders } from 'node:http';
import type { Metrics } from '../kernel/telemetry/metrics.js';
import type { DemandOptions } from './guard/cost/demand-control.js';
import type { Audience } from '../kernel/federation/audience.js';
import type { DocumentLimits } from './guard/document-limits.js';
import type { TrustedDocumentMode } from './guard/documents/document-resolver.js';
import type { TrustedDocument } from './guard/documents/trusted-documents.js';
import type { GraphiqlOptions } from './graphiql/graphiql-options.js';
import type { RequestInfo } from './request-info.js';
import type { SwapLimits } from './generation/swap-limits.js';
import type { StreamConvention } from './streams/stream-shape.js';
import type { SubgraphDefinition } from './supergraph.js';
import type { SubgraphTransport } from './transports/subgraph-transport.js';

/** What the gateway needs of a logger; pino's loggers fit. */
export interface GatewayLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a client shows to be known by. */
export interface Credentials {
  readonly headers: IncomingHttpHeaders;
  /** The payload of `connection_init`, over a WebSocket: its entries count like headers of the same name. */
  readonly connectionParams?: Readonly<Record<string, unknown>>;
}

export type SupergraphSource = { readonly sdl: string } | { readonly subgraphs: readonly SubgraphDefinition[] };

/** Watches over one open stream. */
export interface StreamLease {
  /** Ends the stream when aborted; its reason, an error with `extensions.code`, is told to the client. */
  readonly signal: AbortSignal;
  /** Called once when the stream has ended. */
  release(): void;
}

export interface OpenedStream {
  readonly operationName: string | undefined;
  readonly correlationId: string;
}

export interface StreamLimits {
  /** Responses that may wait for a slow client, per stream. */
  readonly bufferMax: number;
  /**
   * How long a client may leave a full buffer untouched before its stream is ended with `SLOW_CONSUMER`; at most a second
   * where that holds up other clients that read the same stream.
   */
  readonly stallSecondsMax: number;
  /** Operations that may run at once on one WebSocket. */
  readonly perConnectionMax: number;
  readonly connectionInitSecondsMax: number;
  readonly heartbeatSeconds: number;
  /** How long before a credential ends it is announced; half of its remaining life if that is shorter. */
  readonly renewalSeconds: number;
}

export const STREAM_LIMITS: StreamLimits = {
  bufferMax: 64,
  stallSecondsMax: 20,
  perConnectionMax: 100,
  connectionInitSecondsMax: 10,
  heartbeatSeconds: 15,
  renewalSeconds: 30,
};

export interface DocumentOptions {
  /** Documents that are prepared before they are asked for, and that clients may name instead of sending them. */
  readonly trusted?: readonly TrustedDocument[];
  /** What becomes of others; `off` unless given. */
  readonly mode?: TrustedDocumentMode;
  /** Whether clients may have a document remembered by its hash (automatic persisted queries); true unless given. */
  readonly isAutomatic?: boolean;
}

export interface GatewayOptions<Context extends object> {
  readonly supergraph: SupergraphSource;
  readonly transports: ReadonlyMap<string, SubgraphTransport>;
  /** Whom the graph is shown to, by the `@tag`s of its fields; all of it unless given. */
  readonly contract?: Audience;
  /** Makes the context of a request, or throws an error with a code (`UNAUTHENTICATED`, …). */
  readonly authenticate: (credentials: Credentials, info: RequestInfo) => Promise<Context> | Context;
  /** Whether the caller holds a permission that `@access` names. */
  readonly holds: (context: Context, permission: string) => boolean | Promise<boolean>;
  /**
   * Called when a mutation or a subscription is refused because the caller lacks permissions: records it, and may throw
   * an error that says more.
   */
  readonly refuse?: (
    context: Context,
    permissions: readonly string[],
    variables: Readonly<Record<string, unknown>>,
  ) => Promise<void>;
  /**
   * Makes the context of one event of a stream, or of one operation on a WebSocket, from that of the connection, so
   * that loaders and caches live no longer than it. May throw (`TOKEN_EXPIRED`, …): that ends the stream, or refuses
   * the operation.
   */
  readonly contextPerEvent?: (context: Context) => Context;
  /**
   * Names what a caller may see, and until when. For callers of the same name, queries of subgraphs in this
   * process that are read together are answered once, and streams executed once, if operation and variables are the same.
   * Nothing is shared where it is absent or answers nothing.
   */
  readonly accessIdentity?: (context: Context) => string | undefined;
  /** When the caller's credential ends, in seconds since 1970: it is announced to clients ahead of it. */
  readonly expiresAt?: (context: Context) => number | undefined;
  /** What subscriptions call their position; `cursor` and `after` unless given. */
  readonly streamConvention?: Partial<StreamConvention>;
  /** Called when a stream opens, or goes on with a renewed credential: may refuse by throwing, and ends the stream by the lease. */
  readonly openStream?: (context: Context, stream: OpenedStream) => StreamLease | undefined;
  readonly logger: GatewayLogger;
  readonly metrics?: Metrics;
  readonly engine?: 'own' | 'stock';
  readonly documentLimits?: Partial<DocumentLimits>;
  readonly swap?: Partial<SwapLimits>;
  readonly streamLimits?: Partial<StreamLimits>;
  readonly documents?: DocumentOptions;
  readonly bodyBytesMax?: number;
  /** How long a query or mutation may take before it is answered with `TIMEOUT`; 30 unless given. */
  readonly operationSecondsMax?: number;
  /** Limits on what operations cost, and what they cost in `extensions.cost`; none unless given. */
  readonly demand?: DemandOptions<Context>;
  /** Shows messages of unexpected errors to clients. For development only. */
  readonly exposeErrors?: boolean;
  /** The path of the endpoint; `/graphql` unless given. */
  readonly path?: string;
  /** The page that browsers get at the endpoint; none unless given. */
  readonly graphiql?: GraphiqlOptions;
}
