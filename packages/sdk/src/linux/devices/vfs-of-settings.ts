/** The number of virtual functions that a plugin's settings ask for. */
import type { PluginContext } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import type { VfDevices } from './vf-devices.ts';

/** The setting `vfs`, the functions, and the condition that tells of them. */
export interface VfsOfSettings {
  context: Pick<PluginContext<{ vfs?: number }>, 'settings' | 'status'>;
  vfs: Pick<VfDevices, 'setNumVfs' | 'devices' | 'virtualFunctions'>;
  /** Type of the condition that says how many there are. */
  condition: string;
}

/** Of a card that can have more, where the settings say no number: as many as the Go operator's daemon asks for. */
const usual = 8;

/** How many there are to be: `settings.vfs`, and where that says nothing 8, or all that a smaller card can have. */
export async function vfsOfSettings({ context, vfs }: Pick<VfsOfSettings, 'context' | 'vfs'>): Promise<number> {
  const { vfs: asked } = context.settings;
  if (asked !== undefined) return asked;
  const { physicalFunctions } = await vfs.virtualFunctions();
  const most = physicalFunctions.reduce((sum, { maximum }) => sum + maximum, 0);
  // A card that can have none is told as one that has too few.
  return most > 0 ? Math.min(usual, most) : usual;
}

/**
 * Makes as many virtual functions as {@link vfsOfSettings} says. More than the card can have are refused by a condition:
 * what is there stays, and the plugin serves it.
 *
 * @throws DpuError FAILED_PRECONDITION while a pod has one that is to go, INTERNAL with the kernel's words
 */
export async function setVfsOfSettings({ context, vfs, condition: type }: VfsOfSettings): Promise<void> {
  const { settings, status } = context;
  try {
    const count = await vfs.setNumVfs(await vfsOfSettings({ context, vfs }));
    const isAsked = settings.vfs !== undefined;
    const why = isAsked ? 'as settings.vfs says' : 'as settings.vfs says no number';
    status.set({ type, status: 'True', reason: isAsked ? 'AsSet' : 'Default', message: `there are ${count}, ${why}` });
  } catch (error) {
    const { code, message } = DpuError.from(error);
    if (code !== 'OUT_OF_RANGE') throw error;
    const { length } = await vfs.devices();
    const text = `settings.vfs: ${message}; nothing was changed: there are ${length}`;
    status.set({ type, status: 'False', reason: 'TooMany', message: text });
  }
}
