import { type Benchmark, NotAvailable } from '../harness/benchmark.js';
export const eventThroughput: Benchmark = {
  name: 'event-throughput',
  describe: '',
  run: async () => {
    throw new NotAvailable('not written yet');
  },
};
