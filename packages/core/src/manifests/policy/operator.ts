/** The operator's token makes what this project runs, where that belongs, and nothing else. */
import { daemonFields } from '../../api/kinds/data-processing-unit.ts';
import {
  annotations,
  finalizers,
  group,
  injectorNames,
  labels,
  networkNad,
  networkNames,
  trustNames,
  version,
  workloads,
} from '../../api/names/names.ts';
import { nodeSelectorTerms } from '../../operator/config/daemon-set.ts';
import { defaultNetworkNamespace, networkConfig } from '../../operator/networks/networks.ts';
import { lockPrefix } from '../../operator/vendor-plugins/plugin-locks.ts';
import {
  after,
  before,
  celOf,
  fieldKeeps,
  finalizersKeep,
  finalizerVariables,
  list,
  mapKeeps,
  mapVariables,
  text,
} from './cel.ts';
import { chainNamespacesIn, isChainNamespace, operatorPodPolicies } from './operator-pods.ts';
import type { Policy, PolicyRule } from './policy.ts';

const account = workloads.operator;

/** How IPAM begins in a network's configuration. */
const ipamHead = ',"ipam":{"type":';

const daemonSets: Policy = {
  name: 'dpu-operator-daemonset',
  account,
  on: {
    apiGroup: 'apps',
    apiVersion: 'v1',
    resource: 'daemonsets',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  variables: {
    after,
    pod: 'variables.after.spec.template.spec',
  },
  rules: [
    {
      expression: `variables.after.metadata.name == ${text(workloads.daemon)}`,
      message: `the DPU operator runs the DaemonSet ${workloads.daemon} and no other`,
    },
    {
      expression: `request.operation == 'DELETE' || variables.pod.?serviceAccountName.orValue('') == ${text(workloads.daemon)}`,
      message: `the daemon runs as ${workloads.daemon}`,
    },
    {
      expression: `request.operation == 'DELETE' || (variables.pod.?nodeName.orValue('') == '' && variables.pod.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([]) == ${celOf(nodeSelectorTerms)})`,
      message: `the daemon runs on nodes that an admin labelled ${labels.dpuNode}=true, and where it has not finished`,
    },
  ],
};

const networkRule = (name: string, namespace: string): string =>
  `(variables.after.metadata.name == ${text(name)} && request.namespace == ${text(namespace)})`;

/** Of DpuNetworks: admission does not know which there are, but what such a network may be. */
const isOfDpuNetwork = `(request.namespace == ${text(defaultNetworkNamespace)} && variables.after.metadata.name.endsWith(${text(networkNad(''))}) && ${text(labels.network)} in variables.after.metadata.?labels.orValue({}))`;
/** The configuration of a network of that name, as far as its type. */
const [headBefore = '', headAfter = ''] = networkConfig('\n').slice(0, -1).split('\\n');

/** As far as the name of the IPAM plugin. */
const defaultConfigHead = networkConfig(networkNames.default, { type: '' }).slice(0, -'"}}'.length);

const networks: Policy = {
  name: 'dpu-operator-networks',
  account,
  on: {
    apiGroup: 'k8s.cni.cncf.io',
    apiVersion: 'v1',
    resource: 'network-attachment-definitions',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  variables: {
    after,
    config: "object.?spec.?config.orValue('')",
    isOfDpuNetwork,
    head: `${text(headBefore)} + variables.after.metadata.name + ${text(headAfter)}`,
    rest: "request.operation != 'DELETE' && variables.config.startsWith(variables.head) ? variables.config.substring(size(variables.head)) : ''",
  },
  rules: [
    {
      expression: `variables.after.metadata.name == ${text(networkNames.networkFunction)} || ${networkRule(networkNames.default, defaultNetworkNamespace)} || variables.isOfDpuNetwork`,
      message: `the DPU operator makes the networks ${networkNames.networkFunction}, and in ${defaultNetworkNamespace} ${networkNames.default} and those of DpuNetworks, no others`,
    },
    {
      expression: `request.operation == 'DELETE' || !variables.isOfDpuNetwork || (variables.rest != '' && !variables.rest.replace(${text(ipamHead)}, '', variables.rest.startsWith(${text(ipamHead)}) ? 1 : 0).lowerAscii().contains('"type"') && !variables.config.contains('\\\\'))`,
      message:
        'the network of a DpuNetwork is of type dpu-cni, with an IPAM plugin or none; no other type stands in it, and no escaped character',
    },
    {
      expression: `request.operation == 'DELETE' || object.metadata.name != ${text(networkNames.networkFunction)} || variables.config == ${text(networkConfig(networkNames.networkFunction))}`,
      message: `${networkNames.networkFunction} is of type dpu-cni, without IPAM`,
    },
    {
      // Readers of JSON take the last of keys that are there twice, in any case of letters, and undo escapes.
      expression: `request.operation == 'DELETE' || object.metadata.name != ${text(networkNames.default)} || (variables.config.startsWith(${text(defaultConfigHead)}) && !variables.config.substring(${defaultConfigHead.length}).lowerAscii().contains('"type"') && !variables.config.contains('\\\\'))`,
      message: `${networkNames.default} is of type dpu-cni, with an IPAM plugin; no other type stands in it, and no escaped character`,
    },
  ],
};

const chainNetworks: Policy = {
  name: 'dpu-operator-chain-networks',
  account,
  on: {
    ...networks.on,
    operations: ['CREATE', 'UPDATE'],
    names: [networkNames.networkFunction],
  },
  params: chainNamespacesIn,
  variables: {},
  rules: [
    {
      expression: isChainNamespace,
      message:
        'the network of network functions is in the namespaces that spec.chainNamespaces of the DpuOperatorConfig allows',
    },
  ],
};

/** @param but an annotation that it may change */
function metadataKeeps(but: readonly string[] = []): PolicyRule {
  const except = but.length > 0 ? `, but for the annotation ${but.join(', ')}` : '';
  return {
    expression: `${mapKeeps('labels')} && ${mapKeeps('annotations', but)} && ${fieldKeeps('metadata.ownerReferences')}`,
    message: `the DPU operator leaves labels, annotations and owners as they are${except}`,
  };
}

const ownSecrets = [trustNames.authority, injectorNames.certificate];

/** RBAC cannot limit a creation to names. */
const secrets: Policy = {
  name: 'dpu-operator-secrets',
  account,
  on: {
    apiGroup: '',
    apiVersion: 'v1',
    resource: 'secrets',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  variables: { after },
  rules: [
    {
      // One of another type would be filled by Kubernetes with the token of a ServiceAccount.
      expression: `request.operation != 'DELETE' && object.metadata.name in ${list(ownSecrets)} && object.type == 'kubernetes.io/tls'`,
      message: `of Secrets the DPU operator makes and changes ${ownSecrets.join(' and ')}, of type kubernetes.io/tls, only`,
    },
  ],
};

/** Trust of other installations is written and deleted by `dpuctl` in the operator's pod. */
const freeConfigMaps = [lockPrefix, `${trustNames.configMap}-`];
const keptPrefix = trustNames.issuedPrefix;
const isKept = `(variables.name == '${trustNames.configMap}' || variables.name.startsWith('${keptPrefix}'))`;
const kept = `${trustNames.configMap}, ${keptPrefix}…`;

const configMaps: Policy = {
  name: 'dpu-operator-configmaps',
  account,
  on: {
    apiGroup: '',
    apiVersion: 'v1',
    resource: 'configmaps',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  variables: {
    after,
    name: 'variables.after.metadata.name',
  },
  rules: [
    {
      expression: `${list(freeConfigMaps)}.exists(prefix, variables.name.startsWith(prefix)) || ${isKept}`,
      message: `of ConfigMaps the DPU operator has these: ${freeConfigMaps.map((prefix) => `${prefix}…`).join(', ')}, ${kept}`,
    },
    {
      expression: `request.operation != 'DELETE' || !${isKept}`,
      message: `the DPU operator does not delete ${kept}`,
    },
  ],
};

const metadataVariables = {
  after,
  before,
  ...mapVariables('labels'),
  ...mapVariables('annotations'),
  ...finalizerVariables,
};

/** Of a kind whose spec is for people to say. */
const ofPeople = (resource: string, message: string, finalizer: string): Policy => ({
  name: `dpu-operator-${resource}`,
  account,
  on: {
    apiGroup: group,
    apiVersion: version,
    resource,
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  variables: metadataVariables,
  rules: [
    {
      expression: `request.operation == 'UPDATE' && ${fieldKeeps('spec')}`,
      message,
    },
    metadataKeeps(),
    {
      expression: finalizersKeep(finalizer),
      message: `of finalizers the DPU operator may change ${finalizer} only`,
    },
  ],
});

const configs = ofPeople(
  'dpuoperatorconfigs',
  'what is wanted of the DPU operator is for people to say: it changes nothing in spec',
  finalizers.operator,
);

const dpuNetworks = ofPeople(
  'dpunetworks',
  'what a DpuNetwork is, is for people to say: the DPU operator changes nothing in spec',
  finalizers.network,
);

const dpus: Policy = {
  name: 'dpu-operator-dataprocessingunits',
  account,
  on: {
    apiGroup: group,
    apiVersion: version,
    resource: 'dataprocessingunits',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  variables: metadataVariables,
  rules: [
    {
      expression: `request.operation != 'CREATE' && ${daemonFields.spec.map((field) => fieldKeeps(`spec.${field}`)).join(' && ')}`,
      message: `what a DPU is, its daemon has found out; these fields are its: ${daemonFields.spec.join(', ')}`,
    },
    metadataKeeps([annotations.restartVsp]),
    {
      expression: finalizersKeep(finalizers.daemon),
      message: `of finalizers the DPU operator may change ${finalizers.daemon} only`,
    },
  ],
};

export const operatorPolicies: readonly Policy[] = [
  ...operatorPodPolicies,
  daemonSets,
  networks,
  chainNetworks,
  secrets,
  configMaps,
  configs,
  dpuNetworks,
  dpus,
];
