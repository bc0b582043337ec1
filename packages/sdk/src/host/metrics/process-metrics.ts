/**
 * The process, under the names that all Prometheus clients use. Those of prom-client itself measure the event loop all
 * the time, which wakes an idle process 100 times a second.
 */
import { readdir } from 'node:fs/promises';
import { Gauge, type Registry } from 'prom-client';

export function addProcessMetrics(registry: Registry): void {
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  const startSeconds = performance.timeOrigin / 1000;
  gauge('process_start_time_seconds', 'When the process started, since 1970.', () => startSeconds);
  gauge('process_cpu_seconds_total', 'CPU time that the process has taken.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge('process_open_fds', 'Open file descriptors.', async () => (await readdir('/proc/self/fd')).length);
}
