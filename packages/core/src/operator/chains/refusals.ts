/** Why a chain, or a pod of it, is not made. Pure. */
import type { DataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import type { DpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import type { ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { configName, networkNames } from '../../api/names/names.ts';
import { isChanging } from '../dpu/rollout/fleet/fleet.ts';
import type { Caches } from '../shared/caches.ts';
import type { ChainCondition } from './condition.ts';

/** Chains are served in the operator's own namespace, and in those that an administrator has allowed. */
export function namespaceRefusal(
  { metadata }: ServiceFunctionChain,
  config: DpuOperatorConfig | undefined,
  operatorNamespace: string,
): ChainCondition | undefined {
  const namespace = metadata.namespace ?? operatorNamespace;
  const allowed = config?.spec.chainNamespaces ?? [];
  if (namespace === operatorNamespace || allowed.includes(namespace)) return undefined;
  const patch = JSON.stringify({ spec: { chainNamespaces: [...allowed, namespace] } });
  const command = `kubectl patch dpuoperatorconfig ${configName} --type=merge -p '${patch}'`;
  const message = `chains of namespace ${namespace} are not served: an administrator has to add it to spec.chainNamespaces of the DpuOperatorConfig (${command}); pods that run are left as they are`;
  return { status: 'False', reason: 'NamespaceNotAllowed', message, failing: true };
}

/** @param detail what the API server said */
export function podRefused(chain: ServiceFunctionChain, podName: string, detail: string): ChainCondition {
  const { namespace } = chain.metadata;
  const advice = detail.includes('violates PodSecurity')
    ? `; give the function a spec.networkFunctions[].securityContext that the namespace admits, or let the namespace admit more (kubectl label --overwrite namespace ${namespace} pod-security.kubernetes.io/enforce=privileged)`
    : '';
  return { status: 'False', reason: 'PodRefused', message: `pod ${podName}: ${detail}${advice}`, failing: true };
}

export function podConflict(chain: ServiceFunctionChain, podName: string): ChainCondition {
  const advice = 'delete that pod or give the network function another name';
  const message = `a pod ${chain.metadata.namespace}/${podName} that is not this chain's exists: ${advice}`;
  return { status: 'False', reason: 'PodConflict', message, failing: true };
}

/**
 * A pod for a DPU that is kept free of pods would be refused its devices, and stand in the way of the next one.
 *
 * @param sides the DPU sides of a node
 */
export function dpuKeptFree(sides: readonly DataProcessingUnit[]): ChainCondition | undefined {
  const kept = sides.filter(({ status }) => status?.rollout?.drain && isChanging(status));
  // Another one of the node has devices still.
  if (kept.length === 0 || kept.length < sides.length) return undefined;
  const names = kept.map(({ metadata }) => metadata.name).join(', ');
  const message = `DPU ${names} is kept free of pods while its plugin is replaced: they are made afterwards`;
  return { status: 'False', reason: 'DpuChanging', message };
}

/** A pod that starts without its network would stay without its interfaces. */
export function networkMissing(
  { metadata }: ServiceFunctionChain,
  { multusInstalled, networks }: Pick<Caches, 'multusInstalled' | 'networks'>,
): ChainCondition | undefined {
  if (!multusInstalled) {
    const message = 'the cluster does not know NetworkAttachmentDefinitions: see the DpuOperatorConfig';
    return { status: 'False', reason: 'MultusMissing', message };
  }
  const name = networkNames.networkFunction;
  if (networks.some((informer) => informer.get(name, metadata.namespace))) return undefined;
  const message = `NetworkAttachmentDefinition ${metadata.namespace}/${name} is being made; if it stays away: kubectl get dpuoperatorconfig ${configName}`;
  return { status: 'False', reason: 'Pending', message };
}
