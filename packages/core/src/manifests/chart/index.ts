/** The Helm chart: the objects of an installation, with what a user may set in place of the defaults. */
import { stringify } from 'yaml';
import { operatorNamespace } from '../../api/names/names.ts';
import type { DeploymentOptions } from '../deployment.ts';
import { installation } from '../installation.ts';
import { helm, onlyIf, template } from './expression.ts';
import { uninstallHook } from './uninstall-hook.ts';
import { valuesDocument, valuesSchema } from './values-document.ts';

const directory = 'charts/dpu-operator';
const name = 'dpu-operator';

const image = (which: string) => helm(`include "${name}.image" (list . .Values.images.${which}) | quote`);
const json = (value: string) => helm(`.Values.${value} | toJson`);
const text = (value: string) => helm(`.Values.${value} | quote`);

/**
 * @param version of the packages, and of the images by default
 * @param images that values.yaml names
 */
export function chartFiles(version: string, images: DeploymentOptions['images']): Map<string, string> {
  const imagePullPolicy = helm('.Values.imagePullPolicy');
  const { crds, accounts, rights, networkPolicies, deployment, disruptionBudget, injector, policies } = installation({
    images: { operator: image('operator'), vsp: image('vsp') },
    imagePullPolicy,
    replicas: helm('.Values.replicas'),
    resources: json('resources'),
    tolerations: json('tolerations'),
    affinity: json('affinity'),
    injector: {
      replicas: helm('.Values.injector.replicas'),
      failurePolicy: helm('.Values.injector.failurePolicy'),
    },
    podSpec: { nodeSelector: json('nodeSelector') },
    env: {
      LOG_LEVEL: text('logLevel'),
      NPM_REGISTRY: text('npmRegistry'),
      HTTP_PROXY: text('proxy.http'),
      HTTPS_PROXY: text('proxy.https'),
      NO_PROXY: text('proxy.none'),
      CNI_BIN_DIR: text('cniBinDir'),
    },
  });
  const withSecrets = accounts.map((account) => ({ ...account, imagePullSecrets: json('imagePullSecrets') }));
  const [injectorAccount, ...injectorRest] = injector;
  const injectorWithSecrets = { ...injectorAccount, imagePullSecrets: json('imagePullSecrets') };
  const hook = uninstallHook(image('operator'), imagePullPolicy);
  return new Map([
    [`${directory}/Chart.yaml`, chart(version)],
    [`${directory}/values.yaml`, valuesDocument(images)],
    [`${directory}/values.schema.json`, valuesSchema()],
    [`${directory}/templates/_helpers.tpl`, helpers],
    [`${directory}/templates/crds.yaml`, onlyIf('.Values.crds.enabled', template([...crds.values()].map(kept)))],
    [
      `${directory}/templates/operator.yaml`,
      namespaceCheck + template([...withSecrets, ...rights, deployment, disruptionBudget]),
    ],
    [
      `${directory}/templates/injector.yaml`,
      onlyIf('.Values.injector.enabled', template([injectorWithSecrets, ...injectorRest])),
    ],
    [
      `${directory}/templates/network-policies.yaml`,
      onlyIf('.Values.networkPolicies.enabled', template(networkPolicies)),
    ],
    [
      `${directory}/templates/policies.yaml`,
      onlyIf('.Values.policies.enabled', template([...policies.values()].flat())),
    ],
    [`${directory}/templates/uninstall-hook.yaml`, onlyIf('.Values.uninstall.enabled', template(hook))],
    [`${directory}/templates/NOTES.txt`, notes],
  ]);
}

function chart(version: string): string {
  return stringify({
    apiVersion: 'v2',
    name,
    description: 'Finds DPUs on nodes, runs their vendors’ plugins and hands their virtual functions to pods.',
    type: 'application',
    version,
    appVersion: version,
    kubeVersion: '>=1.29.0-0',
  });
}

/** Helm would delete them with the release, and with them every object of their kinds. */
function kept(crd: object): object {
  const { metadata, ...rest } = crd as { metadata: object };
  return {
    ...rest,
    metadata: { ...metadata, annotations: { 'helm.sh/resource-policy': 'keep' } },
  };
}

const helpers = `{{- define "${name}.image" -}}
{{- $chart := (index . 0).Chart -}}
{{- with index . 1 -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}
`;

const namespaceCheck = `{{- if ne .Release.Namespace "${operatorNamespace}" }}
{{- fail "install it with --namespace ${operatorNamespace} --create-namespace: daemons, peers and existing manifests know it by that name" }}
{{- end }}
`;

const notes = `{{- if .Release.IsInstall }}
The operator does nothing until it is told to.

1. Daemons and VSPs are privileged. Where Pod Security is enforced:

  kubectl label --overwrite namespace ${operatorNamespace} pod-security.kubernetes.io/enforce=privileged

2. Label each node with a DPU, and each DPU that is a node:

  kubectl label node <node> dpu=true

3. Create a VendorPlugin for your cards (docs/cards, examples/vendor-plugin*.yaml): of its own the operator knows the
   software DPU alone.

4. Turn it on:

  kubectl apply -f - <<EOF
  apiVersion: config.openshift.io/v1
  kind: DpuOperatorConfig
  metadata: { name: dpu-operator-config }
  EOF

5. See what it found, and what is wrong:

  kubectl get dpuoperatorconfig,dpu,vplugin -o wide
{{- else }}
Daemons and plugins follow in their turn (docs/upgrade.md). See how far they are, and what is wrong:

  kubectl get dpuoperatorconfig,dpu,vplugin -o wide
{{- end }}
{{- if .Values.uninstall.enabled }}

"helm uninstall" waits until everything on the nodes is taken away; delete the pods that use DPUs, and chains, before.
{{- else }}

Delete the DpuOperatorConfig and wait until it is gone before "helm uninstall": nothing else cleans the nodes up.
{{- end }}
`;
