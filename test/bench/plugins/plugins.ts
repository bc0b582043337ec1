/**
 * How long it takes from selecting a plugin, or a version of it, until both DPUs run it and are Ready: on a node that has
 * never seen it and on one that has it, and with pods attached. Printed by `make bench`.
 */
import { loadavg } from 'node:os';
import { operatorIsOn } from '../../e2e/fixture.ts';
import { dpusReady } from '../../support/on-clusters/operator.ts';
import {
  gateway,
  patchPlugin,
  pluginRuns,
  publishAcme,
  selectPlugin,
  takePluginsFrom,
} from '../../support/on-clusters/plugins.ts';
import { deploymentLike } from '../../support/on-clusters/pods.ts';
import { startRegistry } from '../../support/registries/registry.ts';

const attachments = 10;

const fixture = await operatorIsOn();
const { kubectl, cluster } = fixture;
const registry = await startRegistry({ listen: '0.0.0.0', host: await gateway(fixture) });
const rows: [string, string][] = [];

/** Seconds from an action until both DPUs run that version. */
async function measure(what: string, version: string, act: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await act();
  await pluginRuns(fixture, version);
  rows.push([what, `${((performance.now() - start) / 1000).toFixed(1)} s`]);
}

const setVersion = (version: string) => patchPlugin(fixture, { version });
const setNumVfs = (numVfs: number) => {
  const patch = ['--type=merge', '-p', JSON.stringify({ spec: { numVfs } })];
  return kubectl.run(['patch', 'dpuconfig', '-n', 'openshift-dpu-operator', 'software-dpu-host', ...patch]);
};

try {
  await registry.publish('packages/sdk');
  await takePluginsFrom(fixture, registry);
  for (const version of ['1.0.0', '1.0.1', '1.0.2']) await publishAcme(registry, version);
  for (const { name } of cluster.nodes) await cluster.exec(name, ['rm', '-rf', '/var/lib/dpu-operator/plugins']);
  await kubectl.run(['create', '-f', 'examples/vendor-plugin.yaml']);
  await patchPlugin(fixture, { version: '1.0.0' });
  await kubectl.wait('condition=Ready', ['vplugin/acme']);
  await setNumVfs(attachments);
  await measure('plugin selected, never seen by the nodes', '1.0.0', () => selectPlugin(fixture, { name: 'acme' }));
  await measure('new version, looked up and installed, nothing attached', '1.0.1', () => setVersion('1.0.1'));
  await measure('a version that the nodes have, nothing attached', '1.0.0', () => setVersion('1.0.0'));

  await kubectl.wait(`jsonpath={.status.allocatable.openshift\\.io/dpu}=${attachments}`, [`node/${fixture.host}`]);
  await kubectl.run(['create', '-f', '-'], await deploymentLike('examples/my-pod.yaml', 'next', attachments));
  await kubectl.run(['rollout', 'status', 'deployment/next', '--timeout=180s']);
  await measure(`new version, looked up and installed, ${attachments} attached`, '1.0.2', () => setVersion('1.0.2'));
  await measure(`a version that the nodes have, ${attachments} attached`, '1.0.0', () => setVersion('1.0.0'));
} finally {
  await kubectl.run(['delete', 'deployment', 'next', '--ignore-not-found', '--cascade=foreground', '--timeout=60s']);
  await setNumVfs(4);
  await selectPlugin(fixture, null, { networkFunctionPorts: 4 });
  await dpusReady(fixture);
  await kubectl.run(['delete', 'vendorplugins', '--all', '--timeout=60s']);
  await registry.stop();
}

const width = Math.max(...rows.map(([what]) => what.length));
const load = loadavg()[0]?.toFixed(1);
console.log(
  [
    '',
    `Plugins from a registry (load ${load})`,
    ...rows.map(([what, figure]) => `  ${what.padEnd(width)}  ${figure}`),
    '',
  ].join('\n'),
);
