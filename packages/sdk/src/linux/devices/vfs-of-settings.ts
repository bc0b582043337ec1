/** The number of virtual functions that a plugin's settings ask for. */
import type { PluginContext } from '../../contract.ts';
import { DpuError } from '../../errors.ts';
import type { VfDevices } from './vf-devices.ts';

export interface VfsOfSettings {
  context: Pick<PluginContext<{ vfs: number }>, 'settings' | 'status'>;
  vfs: Pick<VfDevices, 'setNumVfs' | 'devices'>;
  /** Type of the condition that says how many there are. */
  condition: string;
}

/**
 * Makes as many virtual functions as `settings.vfs` says. More than the card can have are refused by a condition: what is
 * there stays, and the plugin serves it.
 *
 * @throws DpuError FAILED_PRECONDITION while a pod has one that is to go, INTERNAL with the kernel's words
 */
export async function setVfsOfSettings({ context, vfs, condition: type }: VfsOfSettings): Promise<void> {
  const { settings, status } = context;
  try {
    const count = await vfs.setNumVfs(settings.vfs);
    status.set({ type, status: 'True', reason: 'AsSet', message: `there are ${count}, as settings.vfs says` });
  } catch (error) {
    const { code, message } = DpuError.from(error);
    if (code !== 'OUT_OF_RANGE') throw error;
    const { length } = await vfs.devices();
    const text = `settings.vfs: ${message}; nothing was changed: there are ${length}`;
    status.set({ type, status: 'False', reason: 'TooMany', message: text });
  }
}
