import { systemActor } from '../../../../kernel/access/actor.js';
import type { Command, Json } from '../../../../kernel/commands/command.js';
import type { CommandPipeline } from '../../../../kernel/commands/command-pipeline.js';
import { newId } from '../../../../kernel/identifiers/type-id.js';
import type { Kernel } from '../../../../kernel/kernel.js';
import type { SeedPrice } from '../../../platform/billing/index.js';
import type { Secrets } from '../../../platform/iam/index.js';
import { createEndpoint } from './create-endpoint.js';
import { createCreateProvider } from './create-provider.js';
import { registerModel } from './register-model.js';
import { INPUT_UNIT, OUTPUT_UNIT, modelPriceKey } from './require-prices.js';

export interface SeededModels {
  readonly providerAccountId: string;
  /** Ids of the models by slug. */
  readonly models: Readonly<Record<string, string>>;
  /** Put these into the price book: models do not run without. */
  readonly prices: readonly SeedPrice[];
}

const MODELS = [
  {
    slug: 'echo-small',
    title: 'Echo Small (built in)',
    modality: 'text',
    contextWindowTokens: 8192,
    maxOutputTokens: 1024,
    upstreamModel: 'echo',
    inputNanos: 100n,
    outputNanos: 400n,
  },
  {
    slug: 'echo-large',
    title: 'Echo Large (built in, slower, longer)',
    modality: 'text',
    contextWindowTokens: 131_072,
    maxOutputTokens: 8192,
    upstreamModel: 'echo?tokens=120&delay_ms=15',
    inputNanos: 1000n,
    outputNanos: 4000n,
  },
  {
    slug: 'echo-embed',
    title: 'Echo Embed (built in)',
    modality: 'embedding',
    contextWindowTokens: 8192,
    maxOutputTokens: 0,
    upstreamModel: 'echo',
    inputNanos: 20n,
    outputNanos: 0n,
  },
] as const;

/**
 * Seeds the built-in provider `builtin` with three models and their endpoints, through commands of the system, and
 * answers the prices that billing must have. Running it again changes nothing.
 */
export async function seedModels(
  kernel: Pick<Kernel, 'pipeline' | 'database'>,
  deps: { secrets: Secrets },
): Promise<SeededModels> {
  const known = await kernel.database.read('system', (tx) =>
    tx.row<{ id: string }>(`select id from token_factory.provider_accounts where name = 'builtin'`),
  );
  const createProvider = createCreateProvider({ secrets: deps.secrets, allowsPrivate: false });
  const providerAccountId =
    known?.id ?? (await run(kernel.pipeline, createProvider, { name: 'builtin', kind: 'builtin' })).id;
  const models: Record<string, string> = {};
  for (const { upstreamModel, inputNanos: _input, outputNanos: _output, ...facts } of MODELS) {
    const { id: modelId } = await run(kernel.pipeline, registerModel, { ...facts, tokenizer: 'builtin_words' });
    models[facts.slug] = modelId;
    const endpoint = await kernel.database.read('system', (tx) =>
      tx.row('select 1 as one from token_factory.model_endpoints where provider_account_id = $1 and model_id = $2', [
        providerAccountId,
        modelId,
      ]),
    );
    if (endpoint === null) await run(kernel.pipeline, createEndpoint, { providerAccountId, modelId, upstreamModel });
  }
  const prices = MODELS.flatMap((model): SeedPrice[] => {
    const priceKey = modelPriceKey(model.slug);
    const input = { priceKey, unit: INPUT_UNIT, unitPriceNanos: model.inputNanos };
    return model.modality === 'embedding'
      ? [input]
      : [input, { priceKey, unit: OUTPUT_UNIT, unitPriceNanos: model.outputNanos }];
  });
  return { providerAccountId, models, prices };
}

async function run(
  pipeline: CommandPipeline,
  command: { readonly action: string },
  input: Json,
): Promise<{ id: string }> {
  const result = await pipeline.execute(command as unknown as Command, input, {
    actor: systemActor('token_factory.seed'),
    correlationId: newId('cor'),
  });
  if (!result.ok)
    throw new Error(`${command.action} was refused: ${result.refusals.map((refusal) => refusal.message).join('; ')}`);
  return result.value as { id: string };
}
