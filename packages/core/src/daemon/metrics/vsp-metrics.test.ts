/** Over real sockets. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { registry } from '../../kube/process/metrics.ts';
import { vspMetrics } from './vsp-metrics.ts';

const directory = mkdtempSync(join(tmpdir(), 'vsp-metrics-'));

async function vsp(dpu: string, listener: RequestListener) {
  const socketPath = join(directory, `${dpu}.sock`);
  const server = createServer(listener).listen(socketPath);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { dpu, plugin: 'acme', socketPath };
}

async function upOf(): Promise<string[]> {
  const text = await registry.getSingleMetricAsString('dpu_operator_vsp_metrics_up');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('those that answer are in the scrape, and the others hold nothing up', async () => {
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const sources = [
    await vsp('good', ({ url }, response) => response.end(url === '/metrics' ? 'acme_rules 7\n' : 'no')),
    await vsp('slow', () => {}),
    await vsp('half', (_, response) => response.write('acme_rules 1\n')),
    await vsp('loud', (_, response) => response.end('x 1\n'.repeat(300_000))),
    await vsp('wrong', (_, response) => response.end('<html></html>')),
    await vsp('error', (_, response) => response.writeHead(500).end('acme_rules 1\n')),
    { dpu: 'away', plugin: 'acme', socketPath: join(directory, 'away.sock') },
  ];
  expect(await vspMetrics(sources)).toBe('dpu_vsp_acme_rules{dpu="good",plugin="acme"} 7\n');
  expect(await upOf()).toEqual(
    sources.map(({ dpu }) => `dpu_operator_vsp_metrics_up{dpu="${dpu}",plugin="acme"} ${dpu === 'good' ? 1 : 0}`),
  );
  expect(await vspMetrics([])).toBe('');
  expect(await upOf()).toEqual([]);
});
