/** The test cluster with the operator of this checkout on it, in the state that a test file starts from. */
import {
  dpusReady,
  installOperator,
  type OperatorFixture,
  operatorFixture,
  turnOff,
  turnOn,
} from '../support/on-clusters/operator.ts';
import { clusterName, reopen, testCluster } from '../support/on-clusters/test-cluster.ts';

/** Enough for three pods beside one that lost its namespace, and for two network functions. */
export const size = { hostVfs: 4, networkFunctionPorts: 4 };

const sides = ['host', 'dpu'] as const;

async function installed(): Promise<OperatorFixture> {
  const fixture = operatorFixture(await testCluster(clusterName, sides));
  await installOperator(fixture, size);
  return fixture;
}

/** Both DPUs are Ready. */
export async function operatorIsOn(): Promise<OperatorFixture> {
  const fixture = await installed();
  const { exitCode } = await fixture.kubectl.try(['get', 'dpuoperatorconfig', 'dpu-operator-config']);
  await (exitCode === 0 ? dpusReady(fixture) : turnOn(fixture));
  return fixture;
}

/** The operator is installed and has nothing to do. */
export async function operatorIsOff(): Promise<OperatorFixture> {
  const fixture = await installed();
  await turnOff(fixture);
  return fixture;
}

/** What the files after one that restarted a node start from. */
export const nodesRestarted = (): Promise<void> => reopen(clusterName, sides);
