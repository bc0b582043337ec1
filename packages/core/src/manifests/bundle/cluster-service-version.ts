import { operatorNamespace, workloads } from '../../api/names/names.ts';
import { type DeploymentOptions, namespace } from '../deployment.ts';
import { imageParts } from '../image.ts';
import { ownedKinds } from './descriptors.ts';
import { examples } from './examples.ts';
import { icon } from './icon.ts';
import { packageName } from './names.ts';
import { clusterPermissions, permissions } from './permissions.ts';

export interface VersionOptions {
  /** Of the packages. */
  version: string;
  images: DeploymentOptions['images'];
  deployment: object;
  /** By the plural of their kind. */
  crds: ReadonlyMap<string, object>;
}

const description = `Finds data processing units (DPUs) on nodes, runs their vendors' plugins and hands their virtual functions to pods.

Install it into the namespace \`${operatorNamespace}\`. It does nothing before nodes are labelled \`dpu=true\` and a
DpuOperatorConfig named \`dpu-operator-config\` is there. Multus is needed, and an IPAM plugin for the default network.

Admission policies and NetworkPolicies are no part of a bundle: \`kubectl apply --server-side -k config/olm\` adds them.
`;

/** What OLM installs, and what a console says of it. */
export function clusterServiceVersion({ version, images, deployment, crds }: VersionOptions): object {
  const { metadata, spec } = deployment as { metadata: { labels: object }; spec: object };
  return {
    apiVersion: 'operators.coreos.com/v1alpha1',
    kind: 'ClusterServiceVersion',
    metadata: {
      name: `${packageName}.v${version}`,
      namespace: 'placeholder',
      annotations: annotations(images),
    },
    spec: {
      displayName: 'DPU Operator',
      description,
      version,
      maturity: 'alpha',
      minKubeVersion: '1.29.0',
      provider: { name: 'DPU operator' },
      keywords: ['dpu', 'smartnic', 'sriov', 'network', 'offload'],
      icon: [{ base64data: Buffer.from(icon).toString('base64'), mediatype: 'image/svg+xml' }],
      // Its own namespace: for all of them OLM would give every right of that namespace everywhere.
      installModes: [
        { type: 'OwnNamespace', supported: true },
        { type: 'SingleNamespace', supported: false },
        { type: 'MultiNamespace', supported: false },
        { type: 'AllNamespaces', supported: false },
      ],
      install: {
        strategy: 'deployment',
        spec: {
          clusterPermissions: clusterPermissions(),
          permissions: permissions(),
          deployments: [{ name: workloads.operator, label: metadata.labels, spec }],
        },
      },
      customresourcedefinitions: { owned: ownedKinds(crds) },
      relatedImages: Object.entries(images).map(([name, image]) => ({ name, image })),
    },
  };
}

function annotations(images: DeploymentOptions['images']): Record<string, string> {
  // A mirror of a cluster without the internet has images by digest only.
  const byDigest = Object.values(images).every((image) => imageParts(image).digest !== undefined);
  const features = {
    cnf: false,
    cni: true,
    csi: false,
    disconnected: byDigest,
    'fips-compliant': false,
    'proxy-aware': true,
    'tls-profiles': false,
    'token-auth-aws': false,
    'token-auth-azure': false,
    'token-auth-gcp': false,
  };
  return {
    'alm-examples': JSON.stringify(examples, undefined, 2),
    capabilities: 'Basic Install',
    categories: 'Networking',
    containerImage: images.operator,
    description: "Runs DPU vendors' plugins and hands their virtual functions to pods.",
    'operatorframework.io/suggested-namespace': operatorNamespace,
    'operatorframework.io/suggested-namespace-template': JSON.stringify(namespace()),
    'operatorframework.io/initialization-resource': JSON.stringify(examples[0]),
    ...Object.fromEntries(
      Object.entries(features).map(([name, has]) => [`features.operators.openshift.io/${name}`, String(has)]),
    ),
  };
}
