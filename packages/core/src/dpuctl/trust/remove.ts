import { labels } from '../../api/names/names.ts';
import { configMap } from '../../kube/index.ts';
import { isInstallation } from '../../trust/identity.ts';
import { type Context, UsageError } from '../context.ts';
import { ownInstallation } from './own-trust.ts';

/** Trusts another installation no longer; its open connections end. What trusts it is known by its label, as to daemons. */
export async function removeTrust(context: Context, installation: string): Promise<void> {
  const { store, namespace, print } = context;
  if (!isInstallation(installation)) {
    throw new UsageError(`${JSON.stringify(installation)} is no id of an installation: see dpuctl trust list`);
  }
  if (installation === (await ownInstallation(context))) {
    throw new UsageError(
      `${installation} is this very cluster, which always trusts itself; exchange its authority: dpuctl trust rotate`,
    );
  }
  const labelSelector = `${labels.trustedInstallation}=${installation}`;
  const { items } = await store.list(configMap, { namespace, labelSelector });
  for (const { metadata } of items) await store.delete(configMap, metadata.name, namespace);
  print(`installation ${installation} is ${items.length > 0 ? 'trusted no longer' : 'not trusted here'}`);
}
