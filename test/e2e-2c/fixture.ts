/** A host cluster and a DPU cluster without a common API server, in the state that a test file starts from. */
import { size } from '../e2e/fixture.ts';
import { dpusReady, installOperator, start, turnOff } from '../support/on-clusters/operator.ts';
import { deletePods, examplePods } from '../support/on-clusters/pods.ts';
import { clustersOf, type Sides, sidesOf } from '../support/on-clusters/sides.ts';
import { clusterName, testCluster } from '../support/on-clusters/test-cluster.ts';
import { exchangeTrust } from '../support/on-clusters/trust.ts';

/** A host cluster and a DPU cluster, with nothing of ours on them. */
export async function clusters(): Promise<Sides> {
  const [host, dpu] = await Promise.all([
    testCluster(`${clusterName}-host`, ['host']),
    testCluster(`${clusterName}-dpu`, ['dpu']),
  ]);
  return sidesOf(host, dpu);
}

/** Starts the operators and has each cluster trust the other; returns when both DPUs are Ready. */
export async function turnOn(sides: Sides): Promise<void> {
  await start(sides);
  await exchangeTrust(sides);
  await dpusReady(sides);
}

/** Both DPUs are Ready and nothing uses them. */
export async function operatorsAreOn(): Promise<Sides> {
  const sides = await clusters();
  await installOperator(sides, size);
  const { hostSide } = sides;
  await deletePods(hostSide.kubectl, examplePods);
  const { exitCode } = await hostSide.kubectl.try(['get', 'dpuoperatorconfig', 'dpu-operator-config']);
  await (exitCode === 0 ? dpusReady(sides) : turnOn(sides));
  return sides;
}

/** The operators are installed and have nothing to do. */
export async function operatorsAreOff(): Promise<Sides> {
  const sides = await clusters();
  await installOperator(sides, size);
  await Promise.all(clustersOf(sides).map(turnOff));
  return sides;
}
