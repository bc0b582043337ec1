/**
 * Makes of a cluster with our operator one with the Go operator: its objects, its kinds, and what it keeps on nodes about
 * the pods that are attached. The pods, their devices and the data path stay as they are.
 */
import { parseAllDocuments } from 'yaml';
import type { Kubectl } from '../../cluster/index.ts';
import { namespace, type OperatorFixture } from '../on-clusters/operator.ts';
import { onNode } from '../on-clusters/outages.ts';
import type { Side } from '../on-clusters/sides.ts';
import { configObjects, kinds, operatorObjects } from './objects.ts';

const goFinalizer = 'config.openshift.io/dpuoperatorconfig-finalizer';
const state = '/var/run/dpu-daemon/state';

interface Record {
  record: {
    containerId: string;
    ifName: string;
    netns: string;
    deviceId: string;
    vf: number;
    link: { name: string; mac: string };
    ipam?: { type: string };
  };
}

interface Config {
  metadata: { uid: string };
  spec: { defaultNetwork?: { ipam?: object } };
}

export async function becomeGoOperator(fixture: OperatorFixture): Promise<void> {
  const { kubectl, hostSide, dpuSide } = fixture;
  const config = await kubectl.json<Config>(['get', 'dpuoperatorconfig', 'dpu-operator-config']);
  await takeOursAway(kubectl);
  await writeGoRecords(hostSide);
  await nameByAlias(dpuSide);
  for (const { cluster, node } of [hostSide, dpuSide]) {
    await onNode({ cluster }, node, `rm -rf ${state} /var/run/dpu-daemon/dpu-cni`);
  }
  await withoutMarks(fixture);
  const owner = {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DpuOperatorConfig',
    name: 'dpu-operator-config',
    uid: config.metadata.uid,
  };
  const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-'];
  const documents = (objects: readonly object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await kubectl.run(['replace', '-f', '-'], documents(kinds()));
  const ipam = config.spec.defaultNetwork?.ipam ?? { type: 'whereabouts', range: '10.56.217.0/24' };
  // Webhooks come last: nobody serves them, as when the Go operator is away.
  await kubectl.run(apply, documents([...configObjects(owner, ipam), ...operatorObjects()]));
  for (const workload of ['deployment/dpu-operator-controller-manager', 'daemonset/dpu-daemon']) {
    await kubectl.run(['rollout', 'status', '-n', namespace, workload, '--timeout=300s']);
  }
}

async function takeOursAway(kubectl: Kubectl): Promise<void> {
  const inNamespace = ['-n', namespace, '--cascade=foreground', '--timeout=300s'];
  await kubectl.run(['delete', 'deployment', 'dpu-operator-controller-manager', ...inNamespace]);
  await kubectl.run(['delete', 'daemonset', 'dpu-daemon', ...inNamespace]);
  await kubectl.run(['delete', '-k', 'config/injector']);
  await kubectl.run(['delete', '-k', 'config/policy']);
  const ours = parseAllDocuments(await kubectl.run(['kustomize', 'config/deploy']))
    .map((document) => document.toJS() as { kind: string })
    .filter(({ kind }) => !['Namespace', 'ServiceAccount'].includes(kind));
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: ours });
  await kubectl.run(['delete', '--ignore-not-found', '-f', '-'], list);
  await kubectl.run(['delete', 'crd', 'vendorplugins.config.openshift.io', '--ignore-not-found']);
}

/**
 * The Go daemon's files, of what our daemon wrote down when it attached the pods. Beside each lies an old one of a pod whose
 * end that daemon did not see.
 */
async function writeGoRecords({ cluster, node }: Side): Promise<void> {
  await onNode({ cluster }, node, 'rm -rf /opt/cni/dpusriov');
  for (const record of await attachmentsOn({ cluster, node })) {
    const { containerId, ifName, netns, deviceId, vf, link, ipam } = record;
    const conf = {
      cniVersion: '0.4.0',
      name: 'dpu-cni',
      type: 'dpu-cni',
      ...(ipam && { ipam: { type: ipam.type } }),
      OrigVfState: { HostIFName: link.name, EffectiveMAC: link.mac, AdminMAC: '' },
      Master: '',
      MAC: '',
      deviceID: deviceId,
      VFID: vf,
    };
    const write = `mkdir -p /opt/cni/dpusriov/pci; printf %s ${netns} > /opt/cni/dpusriov/pci/${deviceId}`;
    const input = JSON.stringify(conf);
    const old = `/opt/cni/dpusriov/${containerId.replaceAll(/[0-9]/g, '0')}-${ifName}`;
    const stale = `printf %s '${input}' > ${old}; touch -d '1 hour ago' ${old}`;
    await onNode(
      { cluster },
      node,
      `${write}; ${stale}; printf %s '${input}' > /opt/cni/dpusriov/${containerId}-${ifName}`,
    );
  }
}

/** All that the Go daemon leaves on a DPU about the devices of network functions. */
async function nameByAlias({ cluster, node }: Side): Promise<void> {
  for (const { netns, ifName, deviceId } of await attachmentsOn({ cluster, node })) {
    await onNode({ cluster }, node, `nsenter --net=${netns} ip link set ${ifName} alias ${deviceId}`);
  }
}

async function attachmentsOn({ cluster, node }: Pick<Side, 'cluster' | 'node'>): Promise<Record['record'][]> {
  const text = await onNode({ cluster }, node, `cd ${state}/attachments; for f in *.json; do cat $f; echo; done`);
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as Record).record);
}

/** Objects that stay lose what only our operator and daemon put on them. */
async function withoutMarks({ kubectl, hostDpu, dpuDpu }: OperatorFixture): Promise<void> {
  const patch = (object: string, finalizers: string[] | null) =>
    kubectl.run(['patch', object, '--type=merge', '-p', JSON.stringify({ metadata: { finalizers } })]);
  await patch('dpuoperatorconfig/dpu-operator-config', [goFinalizer]);
  for (const dpu of [hostDpu, dpuDpu]) {
    await patch(`dpu/${dpu}`, null);
    await kubectl.run(['annotate', 'pod', '-n', namespace, `vsp-${dpu}`, 'dpu.config.openshift.io/spec-hash-']);
  }
}
