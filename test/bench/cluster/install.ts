/**
 * Seconds from the order to install until the operator is ready and until all DPUs are Ready, in one cluster and in two.
 * Images are on the nodes. Printed by `make bench-install`.
 */
import { loadavg } from 'node:os';
import { operatorIsOff, size } from '../../e2e/fixture.ts';
import { operatorsAreOff } from '../../e2e-2c/fixture.ts';
import { configureSoftwareDpu, dpusReady, useIpamThatIsThere } from '../../support/on-clusters/operator.ts';
import { bothSides, clustersOf, inOneCluster, type Sides } from '../../support/on-clusters/sides.ts';
import { exchangeTrust } from '../../support/on-clusters/trust.ts';
import { typeMake } from '../../support/programs/make.ts';
import { quantile } from '../quantile.ts';

const runs = 3;

interface Install {
  operatorMs: number;
  dpusMs: number;
}

const rows = [
  ...(await measure('one cluster', await operatorIsOff(), ['deploy-1c', 'undeploy-1c'])),
  ...(await measure('two clusters', await operatorsAreOff(), ['deploy', 'undeploy'])),
];
console.log(['', 'Installing', ...rows.map((row) => `  ${row}`), ''].join('\n'));

async function measure(where: string, sides: Sides, [deploy, undeploy]: [string, string]): Promise<string[]> {
  const { hostSide, dpuSide } = sides;
  const kubeconfigs = { KUBECONFIG_HOST: hostSide.cluster.kubeconfig, KUBECONFIG_DPU: dpuSide.cluster.kubeconfig };
  for (const { kubectl, node } of bothSides(sides))
    await kubectl.run(['label', '--overwrite', 'node', node, 'dpu=true']);
  const installs: Install[] = [];
  for (let run = 0; run < runs; run++) {
    await typeMake(`make ${undeploy}`, kubeconfigs);
    installs.push(await install(sides, () => typeMake(`make ${deploy}`, kubeconfigs)));
  }
  await typeMake(`make ${undeploy}`, kubeconfigs);
  const load = `median of ${runs}, load ${loadavg()[0]?.toFixed(1)}`;
  return [
    `${where}: make ${deploy}, until the operator is ready: ${median(installs.map(({ operatorMs }) => operatorMs))} s`,
    `${where}: until both DPUs are Ready: ${median(installs.map(({ dpusMs }) => dpusMs))} s (${load})`,
  ];
}

/** What an admin does, one thing after another, without a time to type it. */
async function install(sides: Sides, deploy: () => Promise<unknown>): Promise<Install> {
  const start = performance.now();
  await deploy();
  const operatorMs = performance.now() - start;
  await configureSoftwareDpu(sides, size);
  for (const { kubectl } of clustersOf(sides)) await useIpamThatIsThere({ kubectl });
  if (!inOneCluster(sides)) await exchangeTrust(sides);
  await dpusReady(sides);
  return { operatorMs, dpusMs: performance.now() - start };
}

function median(ms: readonly number[]): string {
  return (quantile(ms, 0.5) / 1000).toFixed(1);
}
