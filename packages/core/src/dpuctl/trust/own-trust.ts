import { annotations, trustNames } from '../../api/names/names.ts';
import { configMap, namespace as namespaceType } from '../../kube/index.ts';
import { type PublishedTrust, readPublished } from '../../operator/trust/published-trust.ts';
import { installationOf } from '../../trust/identity.ts';
import { type Context, UsageError } from '../context.ts';

export interface OwnTrust extends PublishedTrust {
  resourceVersion: string | undefined;
  /** An order that the operator has not followed yet. */
  order: string | undefined;
  refused: string | undefined;
}

/** What the operator publishes. @throws UsageError when there is none, or it is broken. */
export async function ownTrust({ store, namespace }: Context): Promise<OwnTrust> {
  const { configMap: name } = trustNames;
  const found = await store.get(configMap, name, namespace);
  if (!found) {
    const message = `namespace ${namespace} has no ConfigMap ${name}: is the operator installed there (--namespace), and what does kubectl get dpuoperatorconfig -o yaml say in the condition Trust?`;
    throw new UsageError(message);
  }
  const notes = found.metadata.annotations ?? {};
  try {
    return {
      ...readPublished(found.data),
      resourceVersion: found.metadata.resourceVersion,
      order: notes[annotations.trustOrder],
      refused: notes[annotations.trustOrderRefused],
    };
  } catch (cause) {
    throw new UsageError(`ConfigMap ${name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** The id of this installation. */
export async function ownInstallation({ store, namespace }: Context): Promise<string> {
  const uid = (await store.get(namespaceType, namespace))?.metadata.uid;
  if (uid === undefined) throw new UsageError(`there is no namespace ${namespace}; --namespace is the operator's`);
  return installationOf(uid);
}

/** The ConfigMap that trusts another installation. */
export function importedName(installation: string): string {
  return `${trustNames.configMap}-${installation}`;
}
