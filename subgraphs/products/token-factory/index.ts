import { migrationsOf } from '../../../kernel/kernel.js';
import type { DomainDefinition } from '../../../kernel/subgraph.js';
import type { TokenFactory, TokenFactoryDependencies } from './contract.js';
import { tokenFactoryEntities } from './store/token-factory-entities.js';
import { createTokenFactorySubgraph } from './subgraph.js';

export type { TokenFactory, TokenFactoryDependencies } from './contract.js';
export { type SeededModels, seedModels } from './usecases/seed-models.js';

export const tokenFactoryDefinition: DomainDefinition = {
  name: 'token-factory',
  migrations: migrationsOf('token_factory', 'subgraphs', 'products', 'token-factory'),
  entities: tokenFactoryEntities,
};

export function createTokenFactory(deps: TokenFactoryDependencies): TokenFactory {
  return { subgraph: createTokenFactorySubgraph(deps) };
}
