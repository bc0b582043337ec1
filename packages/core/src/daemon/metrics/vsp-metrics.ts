/** The metrics of VSPs, which only their node can reach, in the answer to a scrape of the daemon. */
import { request } from 'node:http';
import { Gauge } from 'prom-client';
import { registry } from '../../kube/process/metrics.ts';
import { type Family, mergeMetrics, parseMetrics } from './prometheus-text.ts';

export interface VspMetricsSource {
  dpu: string;
  /** Name of the plugin, as the DPU's object says it. */
  plugin: string;
  socketPath: string;
}

/** Milliseconds that a VSP has; Prometheus waits for 10 s. */
const scrapeMs = 1_000;
/** Bytes of one VSP's metrics. */
const longest = 1_048_576;

/** Before all names that do not have it. */
const prefix = 'dpu_vsp_';

const up = new Gauge({
  name: 'dpu_operator_vsp_metrics_up',
  help: 'Whether the VSP of a DPU gave its metrics within a second.',
  labelNames: ['dpu', 'plugin'] as const,
  registers: [registry],
});

/**
 * Asks all VSPs at the same time. One that is away, slow, says too much or something else than metrics is left out.
 * Never rejects.
 */
export async function vspMetrics(sources: readonly VspMetricsSource[]): Promise<string> {
  const answers = await Promise.all(
    sources.map(async ({ dpu, plugin, socketPath }) => {
      const labels = { dpu, plugin };
      return { labels, families: await scrape(socketPath).catch(() => undefined) };
    }),
  );
  // A DPU that has gone has no value either.
  up.reset();
  for (const { labels, families } of answers) up.set(labels, families ? 1 : 0);
  return mergeMetrics(
    answers.flatMap(({ labels, families }) => (families ? [{ labels, families }] : [])),
    prefix,
  );
}

/** @throws Error */
async function scrape(socketPath: string): Promise<Family[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const asked = request({ socketPath, path: '/metrics', agent: false, signal: AbortSignal.timeout(scrapeMs) });
  asked.on('error', reject);
  asked.on('response', (response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('error', reject);
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > longest) asked.destroy(new Error(`more than ${longest} bytes`));
      else chunks.push(chunk);
    });
    response.on('end', () => {
      if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString());
      else reject(new Error(`status ${response.statusCode}`));
    });
  });
  asked.end();
  return parseMetrics(await promise);
}
