/** What the plugin says of virtual functions that are no use. */
import type { PluginContext } from '@dpu-operator/sdk';
import type { VfDevices } from '@dpu-operator/sdk/linux';

/** How many functions a message names. */
const named = 3;

/** The condition says which are no use, and why, and that all are usable again. */
export async function reportVfs(
  { status }: Pick<PluginContext<unknown>, 'status'>,
  vfs: Pick<VfDevices, 'devices'>,
): Promise<void> {
  const broken = (await vfs.devices()).filter(({ healthy }) => !healthy);
  const [first] = broken;
  if (!first) {
    status.set({ type: 'VirtualFunctions', status: 'True', reason: 'Usable', message: 'all have a network device' });
    return;
  }
  const ids = broken.slice(0, named).map(({ id }) => id);
  const more = broken.length > named ? ` and ${broken.length - named} more` : '';
  const message = `${ids.join(', ')}${more}: ${first.reason}`;
  status.set({ type: 'VirtualFunctions', status: 'False', reason: 'NotUsable', message });
}
