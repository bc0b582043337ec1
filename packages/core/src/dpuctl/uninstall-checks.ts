/** What is looked at before anything is taken away without an operator. */
import { kinds } from '../api/kinds/kinds.ts';
import { apiVersion, operatorNamespace, workloads } from '../api/names/names.ts';
import { isBeingDeleted, isNotFound, type Pod, pod, resourcePath, serviceAccount } from '../kube/index.ts';
import { keyOf } from '../kube/objects/resource.ts';
import { type Context, UsageError } from './context.ts';

/**
 * Reads only.
 *
 * @throws UsageError while an operator runs, ours or the Go one; where daemons are in another namespace, or can do nothing; and
 *   where kinds are not installed any more
 */
export async function requireAlone(context: Context, { withoutDaemons }: { withoutDaemons: boolean }): Promise<void> {
  const { namespace } = context;
  const operators = await podsWith(context, `app=${workloads.operator}`);
  if (operators.length > 0) {
    throw new UsageError(
      `the operator is there (${list(operators)}): leave --without-operator out, or delete its Deployment first`,
    );
  }
  const others = await podsWith(context, 'control-plane=controller-manager', namespace);
  if (others.length > 0) {
    throw new UsageError(`the Go operator is there (${list(others)}), what is here is its: see docs/migrate.md`);
  }
  if (namespace !== operatorNamespace) {
    const elsewhere = (await podsWith(context, daemons)).filter(({ metadata }) => metadata.namespace !== namespace);
    if (elsewhere.length > 0) throw new UsageError(`daemons are not in namespace ${namespace}: ${list(elsewhere)}`);
  }
  const { cutOff } = await daemonsAtWork(context);
  if (cutOff.length > 0 && !withoutDaemons) {
    throw new UsageError(
      `daemons can clean nothing up, since their ServiceAccount ${workloads.daemon} is gone: ${list(cutOff)}. Install the operator again, ` +
        `then kubectl rollout restart -n ${namespace} daemonset/${workloads.daemon}, and uninstall; or give --without-daemons, which leaves what is on their nodes`,
    );
  }
  const missing = await missingKinds(context);
  if (missing.length > 0) {
    throw new UsageError(
      `the API server does not know ${missing.join(', ')} any more, and is asked for them on the way: ` +
        'kubectl apply --server-side --force-conflicts -k config/crd, then again',
    );
  }
}

/** Kinds of ours that are not installed, by their plural. */
async function missingKinds({ store }: Context): Promise<string[]> {
  const missing: string[] = [];
  for (const kind of kinds) {
    const path = resourcePath({ ...kind, apiVersion }, undefined);
    try {
      await store.client.json({ method: 'GET', path, query: { limit: 1 } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      missing.push(kind.plural);
    }
  }
  return missing;
}

/** One whose account is gone, as by `helm uninstall --no-hooks`, is refused by the API server whatever it asks. */
export async function daemonsAtWork(context: Context): Promise<{ nodes: Set<string | undefined>; cutOff: Pod[] }> {
  const pods = await podsWith(context, daemons);
  const isCutOff = await Promise.all(
    pods.map(({ metadata }) => context.store.isAbsent(serviceAccount, workloads.daemon, metadata.namespace)),
  );
  return {
    nodes: new Set(pods.filter((_, index) => !isCutOff[index]).map(({ spec }) => spec.nodeName)),
    cutOff: pods.filter((_, index) => isCutOff[index]),
  };
}

const daemons = `app=${workloads.daemon}`;

/** @param namespace Default: all, since --namespace may name a wrong one, where nothing is. */
async function podsWith({ store }: Context, labelSelector: string, namespace?: string): Promise<Pod[]> {
  const { items } = await store.list(pod, { labelSelector, ...(namespace !== undefined && { namespace }) });
  return items.filter((one) => !isBeingDeleted(one));
}

const list = (pods: readonly Pod[]): string => pods.map(keyOf).join(', ');
