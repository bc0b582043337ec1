/** The objects of an installation of the Go operator, by name. */
import { networkNames, operatorNamespace, workloads } from '../api/names/names.ts';

/** An object as the API server has it. */
export interface KubeJson {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    finalizers?: string[];
    ownerReferences?: { kind: string; name: string }[];
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

export interface ObjectRef {
  apiVersion: string;
  kind: string;
  plural: string;
  namespace?: string;
  name: string;
}

const rbac = 'rbac.authorization.k8s.io/v1';
const admission = 'admissionregistration.k8s.io/v1';

const plurals: Record<string, { apiVersion: string; plural: string }> = {
  Deployment: { apiVersion: 'apps/v1', plural: 'deployments' },
  DaemonSet: { apiVersion: 'apps/v1', plural: 'daemonsets' },
  Pod: { apiVersion: 'v1', plural: 'pods' },
  Service: { apiVersion: 'v1', plural: 'services' },
  Secret: { apiVersion: 'v1', plural: 'secrets' },
  ConfigMap: { apiVersion: 'v1', plural: 'configmaps' },
  ServiceAccount: { apiVersion: 'v1', plural: 'serviceaccounts' },
  Role: { apiVersion: rbac, plural: 'roles' },
  RoleBinding: { apiVersion: rbac, plural: 'rolebindings' },
  ClusterRole: { apiVersion: rbac, plural: 'clusterroles' },
  ClusterRoleBinding: { apiVersion: rbac, plural: 'clusterrolebindings' },
  MutatingWebhookConfiguration: { apiVersion: admission, plural: 'mutatingwebhookconfigurations' },
  ValidatingWebhookConfiguration: { apiVersion: admission, plural: 'validatingwebhookconfigurations' },
  ValidatingAdmissionPolicy: { apiVersion: admission, plural: 'validatingadmissionpolicies' },
  ValidatingAdmissionPolicyBinding: { apiVersion: admission, plural: 'validatingadmissionpolicybindings' },
  NetworkPolicy: { apiVersion: 'networking.k8s.io/v1', plural: 'networkpolicies' },
  PodDisruptionBudget: { apiVersion: 'policy/v1', plural: 'poddisruptionbudgets' },
  CustomResourceDefinition: { apiVersion: 'apiextensions.k8s.io/v1', plural: 'customresourcedefinitions' },
  NetworkAttachmentDefinition: { apiVersion: 'k8s.cni.cncf.io/v1', plural: 'network-attachment-definitions' },
};

function ref(kind: string, name: string, namespace?: string): ObjectRef {
  const known = plurals[kind];
  if (!known) throw new Error(`${kind} is no kind of an installation`);
  return {
    ...known,
    kind,
    name,
    ...(namespace !== undefined && { namespace }),
  };
}

export function refOf({ kind, metadata }: KubeJson): ObjectRef {
  return ref(kind, metadata.name, metadata.namespace);
}

/** Also a key of a ConfigMap's data. */
export const keyOf = ({ kind, namespace, name }: ObjectRef): string =>
  [kind, ...(namespace === undefined ? [] : [namespace]), name].join('.');

const here = (kind: string, ...names: string[]): ObjectRef[] => names.map((name) => ref(kind, name, operatorNamespace));
const everywhere = (kind: string, ...names: string[]): ObjectRef[] => names.map((name) => ref(kind, name));

/** Shared with ours by name; which one it is tells {@link isGoDeployment}. */
export const operatorDeployment = ref('Deployment', workloads.operator, operatorNamespace);
/** Shared with ours by name; which one it is tells {@link isGoDaemonSet}. */
export const daemonSet = ref('DaemonSet', workloads.daemon, operatorNamespace);

/** The finalizer that only the Go operator takes off. */
export const goFinalizer = 'config.openshift.io/dpuoperatorconfig-finalizer';

/**
 * They go first behind the operator, which would make them again: the validating one refuses every change of the
 * DpuOperatorConfig while nobody serves it.
 */
export const webhooks: readonly ObjectRef[] = [
  ...everywhere('ValidatingWebhookConfiguration', 'dpu-operator-validating-webhook-configuration'),
  ...everywhere('MutatingWebhookConfiguration', 'network-resources-injector-config'),
];

interface WebhookConfiguration {
  webhooks?: { clientConfig?: { service?: { namespace?: string } } }[];
}

/** The injector's webhook has the name of that of the SR-IOV Network Operator, which is served in another namespace. */
export const isOfAnotherOperator = (object: KubeJson): boolean =>
  ((object as WebhookConfiguration).webhooks ?? []).some(({ clientConfig }) => {
    const namespace = clientConfig?.service?.namespace;
    return namespace !== undefined && namespace !== operatorNamespace;
  });

/** Shared with ours by name; which one it is tells {@link isGoInjector}. */
export const injector = ref('Deployment', workloads.injector, operatorNamespace);

/** What nobody uses without operator, daemon and injector. */
export const leftovers: readonly ObjectRef[] = [
  ...here(
    'Service',
    'network-resources-injector-service',
    'dpu-operator-webhook-service',
    'dpu-operator-controller-manager-metrics-service',
  ),
  ...here('Secret', 'network-resources-injector-sa-secret'),
  // Which devices are of which DpuNetwork; its operator makes it anew.
  ...here('ConfigMap', 'dpu-device-plugin-config'),
  ...here('ServiceAccount', 'network-resources-injector-sa', 'dpu-daemon-sa'),
  ...everywhere(
    'ClusterRoleBinding',
    'network-resources-injector-role-binding',
    'network-resources-injector-secrets-role-binding',
    'network-resources-injector-webhook-configs-role-binding',
    'network-resources-injector-service-role-binding',
    'network-resources-injector-configmaps-role-binding',
    'dpu-daemon-cluster-rolebinding',
    'dpu-operator-manager-rolebinding',
    'dpu-operator-metrics-auth-rolebinding',
  ),
  ...everywhere(
    'ClusterRole',
    'network-resources-injector',
    'network-resources-injector-secrets',
    'network-resources-injector-webhook-configs',
    'network-resources-injector-service',
    'network-resources-injector-configmaps',
    'dpu-daemon-cluster-role',
    'dpu-operator-manager-role',
    'dpu-operator-metrics-auth-role',
    'dpu-operator-metrics-reader',
  ),
  ...here('RoleBinding', 'dpu-daemon-role-binding', 'dpu-operator-leader-election-rolebinding'),
  ...here('Role', 'dpu-daemon-role', 'dpu-operator-leader-election-role'),
  ref('RoleBinding', 'dpu-daemon-role-binding', 'kube-public'),
  ref('Role', 'dpu-daemon-role-kube-public', 'kube-public'),
];

/** They go when no VSP pod of the Go operator is left. */
export const vspRights: readonly ObjectRef[] = [
  ...everywhere('ClusterRoleBinding', 'vsp-cluster-rolebinding'),
  ...everywhere('ClusterRole', 'vsp-cluster-role'),
  ...here('RoleBinding', 'vsp-role-binding'),
  ...here('Role', 'vsp-role'),
  ...here('ServiceAccount', 'vsp-sa'),
];

const crds = [
  'dpuoperatorconfigs',
  'dataprocessingunits',
  'dataprocessingunitconfigs',
  'servicefunctionchains',
  'dpunetworks',
];

/** What stays in place: our operator's manifests go over it. Saved for the way back. */
export const takenOver: readonly ObjectRef[] = [
  ...everywhere('CustomResourceDefinition', ...crds.map((plural) => `${plural}.config.openshift.io`)),
  ...here('ServiceAccount', workloads.operator),
  ref('NetworkAttachmentDefinition', networkNames.networkFunction, operatorNamespace),
  ref('NetworkAttachmentDefinition', networkNames.default, 'default'),
];

export const replaced: readonly ObjectRef[] = [
  operatorDeployment,
  daemonSet,
  injector,
  ...webhooks,
  ...leftovers,
  ...vspRights,
];

interface Workload {
  spec?: {
    replicas?: number;
    selector?: { matchLabels?: Record<string, string> };
    template?: {
      spec?: {
        serviceAccountName?: string;
        containers?: {
          name: string;
          env?: { name: string }[];
          volumeMounts?: { name: string; mountPath: string }[];
        }[];
        volumes?: { name: string; hostPath?: { path: string } }[];
      };
    };
  };
}

export const specOf = (object: KubeJson | undefined): NonNullable<Workload['spec']> =>
  (object as Workload | undefined)?.spec ?? {};

const containersOf = (object: KubeJson | undefined) => specOf(object).template?.spec?.containers ?? [];

/** Its selector cannot be changed; ours is another. */
export const isGoDeployment = (object: KubeJson | undefined): boolean =>
  specOf(object).selector?.matchLabels?.['control-plane'] === 'controller-manager';

/** Ours has its name and labels too. */
export const isGoInjector = (object: KubeJson | undefined): boolean =>
  object !== undefined && specOf(object).template?.spec?.serviceAccountName !== workloads.injector;

const goDaemonContainer = 'dpu-daemon';

export const isGoDaemonSet = (object: KubeJson | undefined): boolean =>
  containersOf(object).some(({ name }) => name === goDaemonContainer);

/** Versions before this variable had other kinds and kept other files on nodes. */
export const isKnownVersion = (deployment: KubeJson): boolean =>
  containersOf(deployment).some(({ env = [] }) => env.some(({ name }) => name === 'DpuOperatorDaemonImage'));

/** The node's directory that the Go daemon has as /var/lib/cni: it keeps a file for each attachment there. */
export function cniDirectory(daemons: KubeJson | undefined): string | undefined {
  const container = containersOf(daemons).find(({ name }) => name === goDaemonContainer);
  const mount = container?.volumeMounts?.find(({ mountPath }) => mountPath === '/var/lib/cni');
  const volume = specOf(daemons).template?.spec?.volumes?.find(({ name }) => name === mount?.name);
  return volume?.hostPath?.path;
}

/** Of the account as it was; with it, the API server deletes the Secret of one that was made anew. */
const accountUid = 'kubernetes.io/service-account.uid';

/** As the API server takes it again: without what belongs to the object that was. */
export function withoutIdentity(object: KubeJson): KubeJson {
  const { status: _status, ...rest } = object;
  const {
    uid: _uid,
    resourceVersion: _version,
    generation: _generation,
    creationTimestamp: _created,
    managedFields: _fields,
    deletionTimestamp: _deleted,
    ...metadata
  } = object.metadata;
  const kept: KubeJson = { ...rest, metadata };
  if (object.kind === 'Service') return withoutAddresses(kept);
  if (object.kind !== 'Secret') return kept;
  // Filled by the cluster.
  const { data: _data, ...empty } = kept;
  const { [accountUid]: _account, ...annotations } = (metadata.annotations ?? {}) as Record<string, string>;
  return { ...empty, metadata: { ...metadata, annotations } } as KubeJson;
}

/** Another Service may have them by now. */
function withoutAddresses(service: KubeJson): KubeJson {
  if (!service.spec) return service;
  const { clusterIP, clusterIPs: _addresses, ...spec } = service.spec as Record<string, unknown>;
  return { ...service, spec: clusterIP === 'None' ? { ...spec, clusterIP } : spec };
}
