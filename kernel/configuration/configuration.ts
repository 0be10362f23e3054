import { z } from 'zod';
import { AUDIENCES, type Audience } from '../federation/audience.js';

const port = z.coerce.number().int().min(0).max(65535);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const amount = z.coerce.number().int().nonnegative();
const seconds = z.coerce.number().int().positive();

const schema = z.object({
  /** `development` starts demonstration data and the development identity provider; `production` refuses both. */
  CP_ENVIRONMENT: z.enum(['development', 'test', 'production']).default('development'),
  CP_HOST: z.string().min(1).default('127.0.0.1'),
  CP_PORT: port.default(4000),
  /** How clients reach the gateway: issuer of tokens, links. Defaults to the address it listens on. */
  CP_PUBLIC_URL: z.url().optional(),
  CP_DATA_DIRECTORY: z.string().min(1).default('.data'),
  /** PostgreSQL 15 or newer, as a user that may create roles and schemas. Without it an embedded one is started. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  /** Password of the application's database roles; needed with DATABASE_URL unless the server trusts the connection. */
  DATABASE_ROLE_PASSWORD: z.string().min(16).optional(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(200).default(16),
  NATS_URL: z.url({ protocol: /^(nats|tls)$/ }).optional(),
  /** 32 random bytes in base64url: wraps secrets at rest, and signs the actor header between processes. */
  CP_MASTER_KEY: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url (43 characters)')
    .optional(),
  OIDC_ISSUER: z.url().optional(),
  OIDC_AUDIENCE: z.string().min(1).optional(),
  OIDC_CLIENT_ID: z.string().min(1).default('console'),
  /** Subjects of the issuer, separated by commas, who are platform administrators from the start. */
  CP_OPERATORS: z.string().default(''),
  /** `subgraph=url` pairs separated by commas: how the gateway reaches subgraphs that run in other processes. */
  CP_SUBGRAPH_URLS: z.string().optional(),
  CP_CORS_ORIGINS: z.string().default(''),
  /** Addresses or networks of the proxies whose `X-Forwarded-For` is believed, separated by commas. */
  CP_TRUSTED_PROXIES: z.string().default(''),
  /** The most that one GraphQL operation may be estimated to cost. */
  CP_COST_PER_OPERATION_MAX: z.coerce.number().int().positive().default(10_000),
  /** What a principal, and an address without a credential, may spend a minute in one gateway process; 0 is without end. */
  CP_COST_PER_MINUTE: amount.optional(),
  CP_COST_BURST: z.coerce.number().int().positive().optional(),
  CP_ANONYMOUS_COST_PER_MINUTE: amount.optional(),
  /** How long a query or a mutation may take. */
  CP_OPERATION_SECONDS_MAX: z.coerce.number().positive().max(600).default(30),
  /** What becomes of GraphQL documents that are not registered. */
  CP_TRUSTED_DOCUMENTS: z.enum(['off', 'log', 'enforce']).default('off'),
  /** Further registered documents: manifests, .graphql files and folders of them, separated by commas. */
  CP_TRUSTED_DOCUMENT_PATHS: z.string().default(''),
  CP_AUTOMATIC_PERSISTED_QUERIES: flag.default(true),
  CP_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** A composed supergraph that the gateway serves instead of its own, and follows when the file changes. */
  CP_SUPERGRAPH_FILE: z.string().min(1).optional(),
  CP_ENGINE: z.enum(['own', 'stock']).default('own'),
  /** Whom the graph of this gateway is shown to: the contract graph `public` or `operator`, or the whole. */
  CP_CONTRACT: z.enum(AUDIENCES).default('internal'),
  CP_EVENT_RETENTION_SECONDS: seconds.default(30 * 24 * 3600),
  CP_USAGE_WINDOW_SECONDS: seconds.default(60),
  CP_TOKEN_TTL_SECONDS: seconds.max(900).default(600),
  CP_EXPOSE_ERRORS: flag.default(false),
  /** Whether upstream services (model providers, app endpoints) may live on loopback and in private networks. Off in production unless set. */
  CP_PRIVATE_UPSTREAMS: flag.optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
});

export interface Configuration {
  readonly environment: 'development' | 'test' | 'production';
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | null;
  readonly dataDirectory: string;
  readonly database: {
    readonly url: string | null;
    readonly rolePassword: string | null;
    readonly poolSize: number;
  };
  readonly natsUrl: string | null;
  readonly masterKey: string | null;
  readonly oidc: { readonly issuer: string | null; readonly audience: string | null; readonly clientId: string };
  readonly subgraphUrls: ReadonlyMap<string, string>;
  readonly corsOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  /** In units of the cost of GraphQL operations; a `perMinute` of 0 is without end. */
  readonly cost: {
    readonly perOperationMax: number;
    readonly perMinute: number;
    readonly burst: number;
    readonly anonymousPerMinute: number;
  };
  readonly operationSecondsMax: number;
  readonly documents: {
    readonly mode: 'off' | 'log' | 'enforce';
    readonly paths: readonly string[];
    readonly isAutomatic: boolean;
  };
  /** OIDC subjects of the first platform administrators. */
  readonly operatorSubjects: readonly string[];
  readonly logLevel: string;
  readonly supergraphFile: string | null;
  readonly engine: 'own' | 'stock';
  readonly contract: Audience;
  readonly eventRetentionSeconds: number;
  readonly usageWindowSeconds: number;
  readonly tokenTtlSeconds: number;
  readonly exposesErrors: boolean;
  readonly allowsPrivateUpstreams: boolean;
  readonly otlpEndpoint: string | null;
}

export class ConfigurationError extends Error {
  constructor(faults: readonly string[]) {
    super(`The configuration cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigurationError';
  }
}

function subgraphUrls(text: string | undefined): ReadonlyMap<string, string> {
  const urls = new Map<string, string>();
  for (const pair of (text ?? '').split(',').filter((part) => part.trim() !== '')) {
    const at = pair.indexOf('=');
    const url = pair.slice(at + 1).trim();
    if (at < 1 || !URL.canParse(url)) throw new ConfigurationError([`CP_SUBGRAPH_URLS: "${pair}" is not name=url`]);
    urls.set(pair.slice(0, at).trim(), url);
  }
  return urls;
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Outside production everybody is one of a few, and load is tried: budgets are twenty times as large unless set. */
function costOf(settings: z.output<typeof schema>): Configuration['cost'] {
  const scale = settings.CP_ENVIRONMENT === 'production' ? 1 : 20;
  return {
    perOperationMax: settings.CP_COST_PER_OPERATION_MAX,
    perMinute: settings.CP_COST_PER_MINUTE ?? 300_000 * scale,
    burst: settings.CP_COST_BURST ?? 100_000 * scale,
    anonymousPerMinute: settings.CP_ANONYMOUS_COST_PER_MINUTE ?? 30_000 * scale,
  };
}

/** Unknown settings with our prefix are refused too: a misspelt name must not pass in silence. */
function unknownSettings(environment: NodeJS.ProcessEnv): string[] {
  const known = new Set(Object.keys(schema.shape));
  return Object.keys(environment)
    .filter((name) => name.startsWith('CP_') && !known.has(name))
    .map((name) => `${name}: there is no such setting`);
}

function demandProduction(settings: z.output<typeof schema>): string[] {
  if (settings.CP_ENVIRONMENT !== 'production') return [];
  const needed = ['DATABASE_URL', 'CP_MASTER_KEY', 'OIDC_ISSUER', 'OIDC_AUDIENCE', 'CP_PUBLIC_URL'] as const;
  return needed.filter((name) => settings[name] === undefined).map((name) => `${name}: must be set in production`);
}

/** Reads and checks the whole configuration at once; throws {@link ConfigurationError} that names every fault. */
export function loadConfiguration(environment: NodeJS.ProcessEnv): Configuration {
  const parsed = schema.safeParse(environment);
  const faults = unknownSettings(environment);
  if (!parsed.success) faults.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  else faults.push(...demandProduction(parsed.data));
  if (!parsed.success || faults.length > 0) throw new ConfigurationError(faults);
  const settings = parsed.data;
  return {
    environment: settings.CP_ENVIRONMENT,
    host: settings.CP_HOST,
    port: settings.CP_PORT,
    publicUrl: settings.CP_PUBLIC_URL?.replace(/\/$/, '') ?? null,
    dataDirectory: settings.CP_DATA_DIRECTORY,
    database: {
      url: settings.DATABASE_URL ?? null,
      rolePassword: settings.DATABASE_ROLE_PASSWORD ?? null,
      poolSize: settings.DATABASE_POOL_SIZE,
    },
    natsUrl: settings.NATS_URL ?? null,
    masterKey: settings.CP_MASTER_KEY ?? null,
    oidc: {
      issuer: settings.OIDC_ISSUER?.replace(/\/$/, '') ?? null,
      audience: settings.OIDC_AUDIENCE ?? null,
      clientId: settings.OIDC_CLIENT_ID,
    },
    subgraphUrls: subgraphUrls(settings.CP_SUBGRAPH_URLS),
    corsOrigins: listOf(settings.CP_CORS_ORIGINS),
    trustedProxies: listOf(settings.CP_TRUSTED_PROXIES),
    cost: costOf(settings),
    operationSecondsMax: settings.CP_OPERATION_SECONDS_MAX,
    documents: {
      mode: settings.CP_TRUSTED_DOCUMENTS,
      paths: listOf(settings.CP_TRUSTED_DOCUMENT_PATHS),
      isAutomatic: settings.CP_AUTOMATIC_PERSISTED_QUERIES,
    },
    operatorSubjects: listOf(settings.CP_OPERATORS),
    logLevel: settings.CP_LOG_LEVEL,
    supergraphFile: settings.CP_SUPERGRAPH_FILE ?? null,
    engine: settings.CP_ENGINE,
    contract: settings.CP_CONTRACT,
    eventRetentionSeconds: settings.CP_EVENT_RETENTION_SECONDS,
    usageWindowSeconds: settings.CP_USAGE_WINDOW_SECONDS,
    tokenTtlSeconds: settings.CP_TOKEN_TTL_SECONDS,
    exposesErrors: settings.CP_EXPOSE_ERRORS,
    allowsPrivateUpstreams: settings.CP_PRIVATE_UPSTREAMS ?? settings.CP_ENVIRONMENT !== 'production',
    otlpEndpoint: settings.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
  };
}
