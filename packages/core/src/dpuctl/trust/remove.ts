import { configMap } from '../../kube/index.ts';
import { isInstallation } from '../../trust/identity.ts';
import { type Context, UsageError } from '../context.ts';
import { importedName, ownInstallation } from './own-trust.ts';

/** Trusts another installation no longer; its open connections end. */
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
  const removed = await store.delete(configMap, importedName(installation), namespace);
  print(`installation ${installation} is ${removed ? 'trusted no longer' : 'not trusted here'}`);
}
