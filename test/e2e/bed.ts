/** The tests' cluster with the operator of this checkout on it, in the state that a test file starts from. */
import { ensureCluster } from '../cluster/index.ts';
import { dpusReady, installOperator, namespace, type TestBed, testBed, turnOn } from '../support/operator.ts';

/** Enough for three pods beside one that lost its namespace, and for two network functions. */
export const size = { hostVfs: 4, networkFunctionPorts: 4 };

/** TEST_CLUSTER_NAME takes another Kind cluster than `dpu-test`. */
export const testCluster = { name: process.env.TEST_CLUSTER_NAME ?? 'dpu-test', log: console.log };

async function installed(): Promise<TestBed> {
  const bed = testBed(await ensureCluster(testCluster));
  await installOperator(bed, size);
  return bed;
}

/** Both DPUs are Ready. */
export async function operatorIsOn(): Promise<TestBed> {
  const bed = await installed();
  const { exitCode } = await bed.kubectl.try(['get', 'dpuoperatorconfig', 'dpu-operator-config']);
  await (exitCode === 0 ? dpusReady(bed) : turnOn(bed));
  return bed;
}

/** The operator is installed and has nothing to do. */
export async function operatorIsOff(): Promise<TestBed> {
  const bed = await installed();
  await turnOff(bed);
  return bed;
}

/** Deletes what tests of this or an earlier run left, in the order in which people would. */
export async function turnOff({ kubectl }: Pick<TestBed, 'kubectl'>): Promise<void> {
  await kubectl.run(['delete', 'sfc', '--all', '-A', '--timeout=180s']);
  await kubectl.run(['delete', 'deployment', 'next', '--ignore-not-found', '--cascade=foreground', '--timeout=180s']);
  await kubectl.run(['delete', 'pods', '--all', '-n', 'default', '--grace-period=1', '--timeout=180s']);
  await kubectl.run(['delete', 'pod', '-n', namespace, 'sfc-pod', '--ignore-not-found', '--timeout=180s']);
  await kubectl.run(['delete', 'dpuoperatorconfig', '--all', '--timeout=180s']);
}
