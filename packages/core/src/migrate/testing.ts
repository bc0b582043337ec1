/** An installation of the Go operator as the API server has it, for tests. */
import {
  daemonSet,
  goFinalizer,
  injector,
  type KubeJson,
  keyOf,
  leftovers,
  type ObjectRef,
  operatorDeployment,
  refOf,
  takenOver,
  vspRights,
  webhooks,
} from './go-objects.ts';
import type { Observed, Saved } from './observed.ts';

const bare = ({ apiVersion, kind, name, namespace }: ObjectRef): KubeJson => ({
  apiVersion,
  kind,
  metadata: {
    name,
    uid: `uid-${name}`,
    resourceVersion: '1',
    ...(namespace !== undefined && { namespace }),
  },
});

export function goDeployment(replicas = 1): KubeJson {
  return {
    ...bare(operatorDeployment),
    spec: {
      replicas,
      selector: { matchLabels: { 'control-plane': 'controller-manager' } },
      template: { spec: { containers: [{ name: 'manager', env: [{ name: 'DpuOperatorDaemonImage' }] }] } },
    },
  };
}

export function goDaemonSet(): KubeJson {
  return {
    ...bare(daemonSet),
    spec: {
      selector: { matchLabels: { app: 'dpu-daemon' } },
      template: {
        spec: {
          containers: [{ name: 'dpu-daemon', volumeMounts: [{ name: 'cni-dir', mountPath: '/var/lib/cni' }] }],
          volumes: [{ name: 'cni-dir', hostPath: { path: '/opt/cni' } }],
        },
      },
    },
  };
}

export function ourDeployment(): KubeJson {
  const labels = { app: operatorDeployment.name };
  return { ...bare(operatorDeployment), spec: { replicas: 2, selector: { matchLabels: labels } } };
}

export const config = (finalizers: string[] = [goFinalizer], name = 'dpu-operator-config'): KubeJson => ({
  apiVersion: 'config.openshift.io/v1',
  kind: 'DpuOperatorConfig',
  metadata: { name, uid: 'config', resourceVersion: '1', finalizers },
  spec: { logLevel: 1 },
});

export function goObjects(): Map<string, KubeJson> {
  const rest = [injector, ...webhooks, ...leftovers, ...vspRights, ...takenOver].map(bare);
  const objects = [goDeployment(), goDaemonSet(), ...rest];
  return new Map(objects.map((object) => [keyOf(refOf(object)), object]));
}

export function goInstallation(change: Partial<Observed> = {}): Observed {
  return {
    objects: goObjects(),
    saved: undefined,
    configs: [config()],
    dpus: [],
    nodes: [{ name: 'a', ready: true }],
    otherNodes: [],
    operatorPods: [{ name: 'manager-1', uid: '1', node: 'c', ofGo: true }],
    daemonPods: [{ name: 'daemon-1', uid: '2', node: 'a', ofGo: true }],
    vspPods: [{ name: 'vsp-1', uid: '3', node: 'a', ofGo: true }],
    ...change,
  };
}

/** A migration that has begun, on node `a`. */
export const begun: Saved = {
  objects: goObjects(),
  cniDirectory: '/opt/cni',
  nodes: ['a'],
  imported: [],
  undoing: false,
  restored: [],
  oursDeleted: false,
  isPutBack: false,
};
