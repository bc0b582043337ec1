/** The test cluster with the operator of this checkout on it, in the state that a test file starts from. */
import { dpusReady, installOperator, type TestBed, testBed, turnOff, turnOn } from '../support/operator.ts';
import { clusterName, reopen, testCluster } from '../support/test-cluster.ts';

/** Enough for three pods beside one that lost its namespace, and for two network functions. */
export const size = { hostVfs: 4, networkFunctionPorts: 4 };

const sides = ['host', 'dpu'] as const;

async function installed(): Promise<TestBed> {
  const bed = testBed(await testCluster(clusterName, sides));
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

/** What the files after one that restarted a node start from. */
export const nodesRestarted = (): Promise<void> => reopen(clusterName, sides);
