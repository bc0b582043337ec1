/** Paths of the API server. */
import { namespace } from '../on-clusters/operator.ts';

export const own = `/namespaces/${namespace}`;
export const dpuGroup = '/apis/config.openshift.io/v1';
export const dpus = `${dpuGroup}/dataprocessingunits`;
export const nodes = '/api/v1/nodes';
export const pods = `/api/v1${own}/pods`;
export const secrets = `/api/v1${own}/secrets`;
export const configMaps = `/api/v1${own}/configmaps`;
export const leases = `/apis/coordination.k8s.io/v1${own}/leases`;
export const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
export const events = '/apis/events.k8s.io/v1/namespaces/default/events';
export const rbac = '/apis/rbac.authorization.k8s.io/v1';
export const admission = '/apis/admissionregistration.k8s.io/v1';
export const daemonSets = `/apis/apps/v1${own}/daemonsets`;
export const chains = `${dpuGroup}${own}/servicefunctionchains`;
export const configs = `${dpuGroup}${own}/dataprocessingunitconfigs`;

const apiVersion = 'config.openshift.io/v1';

/** What anybody would like to run who has a token: root on a node. */
export const privilegedPod = (place: string, more: { labels?: object; spec?: object } = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'rights-try', namespace: place, labels: more.labels },
  spec: {
    containers: [{ name: 'c', image: 'none', securityContext: { privileged: true } }],
    ...more.spec,
  },
});

export const dpuObject = (name: string, nodeName: string, more: { metadata?: object; spec?: object } = {}) => ({
  apiVersion,
  kind: 'DataProcessingUnit',
  metadata: { name, ...more.metadata },
  spec: { dpuProductName: 'Software DPU', isDpuSide: false, nodeName, ...more.spec },
});

export const clusterAdmin = (account: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'rights-try' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
});
