import type { TestApiServer } from '../../daemon/testing/api-server.ts';

const crd = 'network-attachment-definitions.k8s.cni.cncf.io';

/** Has the cluster know NetworkAttachmentDefinitions. */
export function putMultus(api: TestApiServer): void {
  api.put(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd}`, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: crd },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  });
}
