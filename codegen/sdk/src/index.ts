export { ControlPlane, type ClientOptions, type RootField } from './client.js';
export {
  ControlPlaneError,
  type ControlPlaneFailure,
  type GraphQLFault,
  RefusedError,
  type UserErrorLike,
  unwrap,
} from './errors.js';
export { type PageOf, type PagesOptions, pages } from './pages.js';
export type { StreamedEvent, StreamOptions } from './stream.js';
export { serviceAccount, type ServiceAccountOptions, staticToken, type TokenSource } from './tokens.js';
export { type CallOptions, RETRY_POLICY, type RetryPolicy, type TypedDocument } from './transport.js';
export * from './generated/documents.js';
