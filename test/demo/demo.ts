/** `make demo`: two pods talking through a software DPU on a real cluster, step by step. Safe to run again. */
import { Listr } from 'listr2';
import { type Cluster, ensureCluster } from '../cluster/index.ts';
import {
  dpusReady,
  installOperator,
  type OperatorFixture,
  operatorFixture,
  turnOn,
} from '../support/on-clusters/operator.ts';
import { net1, pings } from '../support/on-clusters/pods.ts';
import { topology } from './topology.ts';

interface Context {
  cluster: Cluster;
  fixture: OperatorFixture;
}

const pods = ['my-pod', 'my-pod-2'];

const steps = new Listr<Context>(
  [
    {
      title: 'A Kind cluster of a control plane, a host node and a DPU node (the first time: up to 10 minutes)',
      task: async (context, task) => {
        context.cluster = await ensureCluster({ name: 'dpu-demo', log: (line) => (task.output = line) });
        context.fixture = operatorFixture(context.cluster);
      },
    },
    { title: 'Images built from this checkout, on every node', task: ({ cluster }) => cluster.loadImages() },
    {
      title: 'kubectl apply --server-side -k config/default',
      task: ({ fixture }) => installOperator(fixture, { hostVfs: 8, networkFunctionPorts: 8 }),
    },
    {
      title: 'kubectl label node … dpu=true; kubectl create -f examples/config.yaml; both DPUs become Ready',
      task: async ({ fixture }) => {
        const { exitCode } = await fixture.kubectl.try(['get', 'dpuoperatorconfig', 'dpu-operator-config']);
        await (exitCode === 0 ? dpusReady(fixture) : turnOn(fixture));
      },
    },
    {
      title: 'kubectl apply -f examples/my-pod.yaml -f examples/my-pod-2.yaml; both Running',
      task: async ({ fixture: { kubectl } }) => {
        await kubectl.run(['apply', '-f', 'examples/my-pod.yaml', '-f', 'examples/my-pod-2.yaml']);
        await kubectl.wait(
          'condition=Ready',
          pods.map((pod) => `pod/${pod}`),
        );
      },
    },
  ],
  { renderer: 'default', fallbackRenderer: 'simple' },
);

const { fixture } = await steps.run();
const { kubectl } = fixture;
console.log(`\n$ kubectl get dpu\n${await kubectl.run(['get', 'dpu'])}\n`);
console.log(await topology(fixture, pods));
const { ip } = await net1(kubectl, 'my-pod-2');
const ping = ['ping', '-c', '3', ip];
await pings(kubectl, 'my-pod', ip); // The first packets ask for the neighbour's MAC.
console.log(`$ kubectl exec my-pod -- ${ping.join(' ')}\n${await kubectl.exec('my-pod', 'default', ping)}\n`);
console.log(`Look around:
  export KUBECONFIG=${fixture.cluster.kubeconfig}
  kubectl get dpu,pods -A
  kubectl exec -it my-pod -- bash
  kubectl create -f examples/sfc.yaml      # a network function on the DPU
Tear down:
  make demo-down`);
