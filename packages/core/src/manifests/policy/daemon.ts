/** A daemon's token is good for its own node, the DPUs of that and its Lease. */
import { daemonFields, dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { daemonLeaseName, longestLeaseName } from '../../api/names/daemon-lease.ts';
import { apiVersion, finalizers, group, labels, trustNames, version, workloads } from '../../api/names/names.ts';
import {
  after,
  before,
  fieldKeeps,
  finalizersKeep,
  finalizerVariables,
  list,
  mapKeeps,
  mapVariables,
  nodeOfToken,
  text,
} from './cel.ts';
import type { Policy } from './policy.ts';

const account = workloads.daemon;
const node = { node: nodeOfToken };

/** Fields of a zod object that are not the daemon's. */
const operatorsOf = (shape: Record<string, unknown>, daemons: readonly string[]): string[] =>
  Object.keys(shape).filter((field) => !daemons.includes(field));

const { spec, status } = dataProcessingUnit.schema.shape;
const operatorSpec = operatorsOf(spec.shape, daemonFields.spec);
const operatorStatus = operatorsOf(status.unwrap().shape, ['conditions', ...daemonFields.status]);

const nodes: Policy = {
  name: 'dpu-daemon-nodes',
  account,
  on: {
    apiGroup: '',
    apiVersion: 'v1',
    resource: 'nodes',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  variables: {
    ...node,
    after,
    before,
    ...mapVariables('labels'),
    ...mapVariables('annotations'),
  },
  rules: [
    {
      expression: "request.operation == 'UPDATE' && object.metadata.name == variables.node",
      message: 'a DPU daemon may change the Node that its pod runs on, and no other',
    },
    {
      expression: mapKeeps('labels', [labels.nodeSide]),
      message: `of labels a DPU daemon may change ${labels.nodeSide} only`,
    },
    {
      expression: `variables.labels[?${text(labels.nodeSide)}].orValue('dpu') in ['dpu', 'dpu-host']`,
      message: `${labels.nodeSide} is dpu or dpu-host`,
    },
    {
      expression: `${fieldKeeps('spec')} && ${mapKeeps('annotations')} && ${fieldKeeps('metadata.finalizers')} && ${fieldKeeps('metadata.ownerReferences')}`,
      message: 'a DPU daemon may change nothing of a Node but a label',
    },
  ],
};

/** One policy for the object, so that what a daemon makes is its own from the first to the last. */
const dpus: Policy = {
  name: 'dpu-daemon-dataprocessingunits',
  account,
  on: {
    apiGroup: group,
    apiVersion: version,
    resource: 'dataprocessingunits',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  variables: {
    ...node,
    after,
    before,
    ...mapVariables('labels'),
    ...mapVariables('annotations'),
    ...finalizerVariables,
  },
  rules: [
    {
      expression:
        "variables.node != '' && variables.after.spec.nodeName == variables.node && variables.before.?spec.?nodeName.orValue(variables.node) == variables.node",
      message:
        'a DPU daemon may make, change and delete DataProcessingUnits of the node that its pod runs on, and no others',
    },
    {
      expression: operatorSpec.map((field) => fieldKeeps(`spec.${field}`)).join(' && '),
      message: `these fields of spec are the operator's: ${operatorSpec.join(', ')}`,
    },
    {
      expression: mapKeeps('labels', daemonFields.labels),
      message: `of labels a DPU daemon may change these: ${daemonFields.labels.join(', ')}`,
    },
    {
      // Names that are too long for a label are cut.
      expression: `size(variables.node) > 63 || variables.labels[?${text(labels.node)}].orValue(variables.node) == variables.node`,
      message: `${labels.node} is the node that the pod of the DPU daemon runs on`,
    },
    {
      expression: mapKeeps('annotations', daemonFields.annotations),
      message: `of annotations a DPU daemon may change these: ${daemonFields.annotations.join(', ')}`,
    },
    {
      expression: `${finalizersKeep(finalizers.daemon)} && ${fieldKeeps('metadata.ownerReferences')}`,
      message: `of finalizers and owners a DPU daemon may change ${finalizers.daemon} only`,
    },
  ],
};

const othersOf = (conditions: string) => `${conditions}.filter(one, !(one.type in ${list(daemonFields.conditions)}))`;

const dpuStatus: Policy = {
  name: 'dpu-daemon-dataprocessingunits-status',
  account,
  on: {
    apiGroup: group,
    apiVersion: version,
    resource: 'dataprocessingunits/status',
    operations: ['UPDATE'],
  },
  variables: {
    ...node,
    after,
    before,
    others: othersOf('object.?status.?conditions.orValue([])'),
    othersBefore: othersOf('oldObject.?status.?conditions.orValue([])'),
  },
  rules: [
    {
      expression: "variables.node != '' && oldObject.spec.nodeName == variables.node",
      message:
        'a DPU daemon may write the status of DataProcessingUnits of the node that its pod runs on, and of no others',
    },
    {
      expression: operatorStatus.map((field) => fieldKeeps(`status.${field}`)).join(' && '),
      message: `these fields of status are the operator's: ${operatorStatus.join(', ')}`,
    },
    {
      expression:
        'variables.others.all(one, one in variables.othersBefore) && variables.othersBefore.all(one, one in variables.others)',
      message: `of conditions a DPU daemon may write these: ${daemonFields.conditions.join(', ')}`,
    },
  ],
};

const leasePrefix = daemonLeaseName('');

const leases: Policy = {
  name: 'dpu-daemon-leases',
  account,
  on: {
    apiGroup: 'coordination.k8s.io',
    apiVersion: 'v1',
    resource: 'leases',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  variables: {
    ...node,
    name: `${text(leasePrefix)} + variables.node`,
  },
  rules: [
    {
      // The names of longer ones end in a hash, which CEL cannot compute.
      expression: `request.operation != 'DELETE' && variables.node != '' && (size(variables.name) <= ${longestLeaseName} ? object.metadata.name == variables.name : object.metadata.name.startsWith(variables.name.substring(0, ${longestLeaseName - 11})))`,
      message: 'a DPU daemon may renew the Lease of the node that its pod runs on, and no other',
    },
  ],
};

const requests: Policy = {
  name: 'dpu-daemon-certificatesigningrequests',
  account,
  on: {
    apiGroup: 'certificates.k8s.io',
    apiVersion: 'v1',
    resource: 'certificatesigningrequests',
    operations: ['CREATE'],
  },
  variables: node,
  rules: [
    {
      expression: `object.spec.signerName == ${text(trustNames.signer)}`,
      message: `a DPU daemon may ask for certificates of ${trustNames.signer} only`,
    },
    {
      expression: "variables.node != ''",
      message: 'the token names no node, so nobody could vouch for the identity that is asked for',
    },
  ],
};

/** Kinds that a daemon reports on, each of the API version that it knows. */
const reportedKinds = [`${apiVersion}/DataProcessingUnit`, 'v1/Node'];

const events: Policy = {
  name: 'dpu-daemon-events',
  account,
  on: {
    apiGroup: 'events.k8s.io',
    apiVersion: 'v1',
    resource: 'events',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
  },
  variables: node,
  rules: [
    {
      expression: `request.operation == 'CREATE' && variables.node != '' && object.?reportingController.orValue('') == ${text(workloads.daemon)}`,
      message: 'a DPU daemon may write events in its own name only',
    },
    {
      expression: `object.?regarding.?apiVersion.orValue('') + '/' + object.?regarding.?kind.orValue('') in ${list(reportedKinds)}`,
      message: `a DPU daemon may write events about these: ${reportedKinds.join(', ')}`,
    },
    {
      expression:
        "object.?regarding.?kind.orValue('') != 'Node' || object.?regarding.?name.orValue('') == variables.node",
      message: 'a DPU daemon may write events about the Node that its pod runs on, and no other',
    },
  ],
};

export const daemonPolicies: readonly Policy[] = [nodes, dpus, dpuStatus, leases, requests, events];
