import { type Benchmark, NotAvailable } from '../harness/benchmark.js';
export const eventLatency: Benchmark = {
  name: 'event-latency',
  describe: '',
  run: async () => {
    throw new NotAvailable('not written yet');
  },
};
