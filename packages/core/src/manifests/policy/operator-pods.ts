/** Of pods the operator's token makes those of plugins and chains, with what these need and no more. */
import { dpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import {
  apiVersion,
  configName,
  labels,
  operatorNamespace,
  vspServiceAccountPrefix,
  workloads,
} from '../../api/names/names.ts';
import { besideDaemon } from '../../operator/shared/on-node.ts';
import { after, celOf, list, text } from './cel.ts';
import type { Policy } from './policy.ts';

const account = workloads.operator;
const pods = { apiGroup: '', apiVersion: 'v1', resource: 'pods' };

/** The object that says in which namespaces chains may run. */
export const chainNamespacesIn = { apiVersion, kind: dpuOperatorConfig.kind, name: configName };

const isOwnNamespace = `request.namespace == ${text(operatorNamespace)}`;
/** CEL, with {@link chainNamespacesIn} as params. */
export const isChainNamespace = `${isOwnNamespace} || request.namespace in params.spec.?chainNamespaces.orValue([])`;
const isChainPod = (of: string) => `${text(labels.chain)} in ${of}.metadata.?labels.orValue({})`;
const isPluginPod = (of: string) => `${of}.metadata.?labels[?'app'].orValue('') in ['vsp', 'vsp-install']`;

const ownPods: Policy = {
  name: 'dpu-operator-pods',
  account,
  on: {
    ...pods,
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  variables: { after },
  rules: [
    {
      expression: `${isChainPod('variables.after')} || (${isPluginPod('variables.after')} && ${isOwnNamespace})`,
      message: `the DPU operator makes and deletes pods of chains (label ${labels.chain}), and in ${operatorNamespace} those of plugins, no others`,
    },
  ],
};

/** Not when it is deleted: a pod that a webhook gave another shape goes as any other. */
const podShape: Policy = {
  name: 'dpu-operator-pod-shape',
  account,
  on: {
    ...pods,
    operations: ['CREATE', 'UPDATE'],
  },
  variables: {},
  rules: [
    {
      expression: `${isChainPod('object')} || object.spec.?serviceAccountName.orValue('') == ${text(workloads.vsp)} || object.spec.?serviceAccountName.orValue('').startsWith(${text(vspServiceAccountPrefix)})`,
      message: `pods of plugins run as ${workloads.vsp}, or as an account whose name begins with ${vspServiceAccountPrefix}`,
    },
    {
      expression: `object.spec.?nodeName.orValue('') == '' && dyn(object.spec.?affinity.?podAffinity.?requiredDuringSchedulingIgnoredDuringExecution.orValue([])) == ${celOf(besideDaemon)}`,
      message: `pods that the DPU operator makes are placed by the scheduler, on nodes where ${workloads.daemon} runs`,
    },
    {
      expression: `object.metadata.?labels[?'app'].orValue('') != ${text(workloads.daemon)}`,
      message: `no pod but the daemon's is labelled app=${workloads.daemon}`,
    },
  ],
};

/** ConfigMaps that Kubernetes and OpenShift mount beside the token of every pod. */
const rootCertificates = ['kube-root-ca.crt', 'openshift-service-ca.crt'];
const isTokenSource = `has(source.serviceAccountToken) || has(source.downwardAPI) || source.?configMap.?name.orValue('') in ${list(rootCertificates)}`;

const chainPodShape: Policy = {
  name: 'dpu-operator-chain-pod-shape',
  account,
  on: {
    ...pods,
    operations: ['CREATE', 'UPDATE'],
    selector: labels.chain,
  },
  variables: {},
  rules: [
    {
      expression:
        '!object.spec.?hostNetwork.orValue(false) && !object.spec.?hostPID.orValue(false) && !object.spec.?hostIPC.orValue(false)',
      message: 'network functions share no namespace of their node',
    },
    {
      // By what is allowed: there are many kinds of volumes through which a pod gets at a Secret or its node.
      expression: `object.spec.?volumes.orValue([]).all(volume, has(volume.projected) && volume.projected.?sources.orValue([]).all(source, ${isTokenSource}))`,
      message:
        "network functions mount what Kubernetes gives every pod (its token and the cluster's certificates), and nothing else",
    },
    {
      expression: `object.spec.?serviceAccountName.orValue('default') in ['', 'default']`,
      message: "network functions run as the namespace's default ServiceAccount",
    },
    {
      // Ephemeral ones come by a subresource, which the operator may not use.
      expression:
        'object.spec.?initContainers.orValue([]).size() == 0 && object.spec.containers.all(one, one.?env.orValue([]).size() == 0 && one.?envFrom.orValue([]).size() == 0)',
      message: 'network functions have no init containers and no variables, which could hold a Secret',
    },
  ],
};

/** What the namespace's Pod Security allows is another question, which is asked as well. */
const chainPods: Policy = {
  name: 'dpu-operator-chain-pods',
  account,
  on: {
    ...pods,
    operations: ['CREATE', 'UPDATE'],
    selector: labels.chain,
  },
  params: chainNamespacesIn,
  variables: {},
  rules: [
    {
      expression: isChainNamespace,
      message: 'network functions run in the namespaces that spec.chainNamespaces of the DpuOperatorConfig allows',
    },
  ],
};

export const operatorPodPolicies: readonly Policy[] = [ownPods, podShape, chainPodShape, chainPods];
