import type { Registry } from 'prom-client';
import type { PluginSession } from '../session.ts';
import type { StatusBoard } from '../status/status-board.ts';
import { CallMetrics } from './call-metrics.ts';
import { addCardMetrics } from './card-metrics.ts';
import { type MetricsServer, serveMetrics } from './metrics-server.ts';
import type { MetricsOptions } from './options.ts';
import { addProcessMetrics } from './process-metrics.ts';

/**
 * Serves the metrics of a session from now on.
 *
 * @throws DpuError those of serveMetrics
 */
export async function measure(
  session: PluginSession,
  status: StatusBoard,
  registry: Registry,
  { socketPath, dpuName }: MetricsOptions,
): Promise<MetricsServer> {
  registry.setDefaultLabels({ dpu: dpuName });
  addProcessMetrics(registry);
  addCardMetrics(registry, status);
  session.metrics = new CallMetrics(registry);
  const notReady = () => (session.initialised ? undefined : 'Init has not succeeded yet');
  return serveMetrics({ socketPath, registry, notReady });
}
