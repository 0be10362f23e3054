import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

/** Writes a CPU profile of this process while it works; Chrome's developer tools and speedscope open it. */
export async function withCpuProfile<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 500 });
  await session.post('Profiler.start');
  try {
    return await work();
  } finally {
    const { profile } = await session.post('Profiler.stop');
    writeFileSync(file, JSON.stringify(profile));
    session.disconnect();
  }
}
