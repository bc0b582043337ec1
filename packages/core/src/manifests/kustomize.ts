/**
 * Kustomize bases, one for each directory of config/, and what people install: `default` and `without-policy`, and
 * overlays of `default` that turn the operator on for one kind of cluster.
 */
import { stringify } from 'yaml';
import { apiVersion, configName, operatorNamespace, workloads } from '../api/names/names.ts';
import { operatorContainer } from '../operator/shared/own-image.ts';
import { type DeploymentOptions, defaults } from './deployment.ts';
import { imageParts, replacement } from './image.ts';

export const kustomization = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' };

/** `kustomize edit set image` reaches the image of the VSPs too, which stands in an environment variable. */
const whereImagesStand = {
  images: [{ path: 'spec/template/spec/containers/env/value', kind: 'Deployment' }],
};

/** Overlays of `default`, by the mode of the DpuOperatorConfig that they bring. */
const overlays = {
  'one-cluster': 'auto',
  host: 'host',
  dpu: 'dpu',
};

/**
 * The files by their path.
 *
 * @param directories the files of each directory of config/
 * @param images what the images that the Deployment names are replaced by
 */
export function kustomizations(
  directories: ReadonlyMap<string, readonly string[]>,
  images: DeploymentOptions['images'],
): Map<string, object> {
  const files = new Map<string, object>();
  for (const [directory, resources] of directories) {
    files.set(`config/${directory}/kustomization.yaml`, { ...kustomization, resources });
  }
  // Beside OLM's bundle, which has the rest.
  const beside = directories.get('olm') ?? [];
  const [operator] = replacedImages(images);
  files.set('config/olm/kustomization.yaml', {
    ...kustomization,
    resources: ['../injector', '../policy', ...beside],
    images: [operator],
  });
  const caches = directories.get('remove-caches');
  files.set('config/remove-caches/kustomization.yaml', { ...kustomization, resources: caches, images: [operator] });
  files.set('config/default/kustomization.yaml', everything(['crd', 'deploy', 'injector', 'policy'], images));
  // Below Kubernetes 1.30 there are no admission policies.
  files.set('config/without-policy/kustomization.yaml', everything(['crd', 'deploy', 'injector'], images));
  for (const [name, mode] of Object.entries(overlays)) {
    files.set(`config/${name}/config.yaml`, dpuOperatorConfig(mode));
    files.set(`config/${name}/kustomization.yaml`, {
      ...kustomization,
      resources: ['../default', 'config.yaml'],
      configurations: ['images.yaml'],
    });
  }
  files.set('config/dev/kustomization.yaml', development);
  for (const name of ['default', 'without-policy', ...Object.keys(overlays), 'dev']) {
    files.set(`config/${name}/images.yaml`, whereImagesStand);
  }
  return files;
}

function everything(parts: readonly string[], images: DeploymentOptions['images']): object {
  return {
    ...kustomization,
    resources: parts.map((part) => `../${part}`),
    configurations: ['images.yaml'],
    images: replacedImages(images),
  };
}

/** What each image that our objects name is replaced by, the operator's first. */
export function replacedImages(images: DeploymentOptions['images']): object[] {
  const wanted = [
    [defaults.images.operator, images.operator],
    [defaults.images.vsp, images.vsp],
  ] as const;
  return wanted.map(([named, image]) => replacement(imageParts(named).repository, image));
}

function dpuOperatorConfig(mode: string): object {
  return {
    apiVersion,
    kind: 'DpuOperatorConfig',
    metadata: { name: configName },
    spec: {
      mode,
      logLevel: 0,
    },
  };
}

/** For who changes the code: images that change under the same tag, one replica with one log, and all of it told. */
const development = {
  ...kustomization,
  resources: ['../one-cluster'],
  configurations: ['images.yaml'],
  patches: [
    strategic({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: workloads.operator, namespace: operatorNamespace },
      spec: {
        replicas: 1,
        template: {
          spec: {
            containers: [
              {
                name: operatorContainer,
                imagePullPolicy: 'Always',
                env: [
                  { name: 'IMAGE_PULL_POLICIES', value: 'Always' },
                  { name: 'LOG_LEVEL', value: 'debug' },
                ],
              },
            ],
          },
        },
      },
    }),
    strategic({
      apiVersion,
      kind: 'DpuOperatorConfig',
      metadata: { name: configName },
      spec: { logLevel: 1 },
    }),
  ],
};

/** A patch that merges lists by the names in them. */
function strategic(patch: object): object {
  return { patch: stringify(patch) };
}
