import { injectorNames, operatorNamespace, workloads } from '../../api/names/names.ts';
import { definitionCrd } from '../../injector/definitions.ts';
import { type ProcessRights, read } from './right.ts';

export const injectorRights: ProcessRights = {
  account: workloads.injector,
  is: 'The network-resources-injector: adds to pods that are made what their networks need. It writes nothing to the API server.',
  grants: [
    {
      rights: [
        {
          apiGroup: 'k8s.cni.cncf.io',
          resources: ['network-attachment-definitions'],
          verbs: read,
          why: 'Which resource, and which nodes, stand behind the networks that a pod names.',
        },
        {
          apiGroup: 'apiextensions.k8s.io',
          resources: ['customresourcedefinitions'],
          verbs: read,
          names: [definitionCrd],
          why: 'Whether Multus is there.',
        },
      ],
    },
    {
      namespace: operatorNamespace,
      rights: [
        {
          apiGroup: '',
          resources: ['configmaps'],
          verbs: read,
          names: [injectorNames.switches],
          why: 'Its switches, and the annotations that labels ask for.',
        },
      ],
    },
  ],
};
