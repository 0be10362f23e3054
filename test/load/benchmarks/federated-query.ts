import { type Benchmark, NotAvailable } from '../harness/benchmark.js';
export const federatedQuery: Benchmark = {
  name: 'federated-query',
  describe: '',
  run: async () => {
    throw new NotAvailable('not written yet');
  },
};
